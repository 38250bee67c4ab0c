public import Configuration
public import EventLoop

/// Listens to channels of Pub/Sub on a connection of its own. It reconnects by itself and subscribes to every channel again.
///
/// Messages that are published while there is no connection are lost. `onReconnect` tells when to look for them elsewhere.
@ServiceActor
public final class RedisSubscriber: RedisFollower {
    /// Takes the payload of a message. Bytes that are not UTF-8 are replaced.
    public typealias Handler = @ServiceActor (String) -> Void

    private let keeper: ConnectionKeeper
    private let options: RedisOptions
    /// A channel that is always subscribed. Subscribing to it again serves as a ping.
    private let pingChannel: ChannelName
    private var channels: [ChannelName: Channel] = [:]
    /// The number of SUBSCRIBEs without a confirmation, by channel. Only the last confirmation belongs to the last request.
    private var outstanding: [ChannelName: Int] = [:]
    /// Channels that a new connection has not confirmed yet.
    private var returning: Set<ChannelName> = []
    private var nextID = 0

    /// Called after a reconnect, when all channels are subscribed again.
    public var onReconnect: (@ServiceActor () -> Void)?

    /// Called each time a connection has ended or could not be made, before the wait that follows.
    public var onFailure: (@ServiceActor (RedisError) -> Void)? {
        get { keeper.onFailure }
        set { keeper.onFailure = newValue }
    }

    /// A subscriber that connects when it is run. CLIENT LIST shows `name`. Nothing is published on `pingChannel`. The user of the URL needs the
    /// right to it as to the other channels: an error of Redis ends the connection.
    public convenience init(url: RedisURL, name: String, pingChannel: String = "redis-subscriber-ping", options: RedisOptions = RedisOptions()) {
        self.init(url: url, name: name, pingChannel: pingChannel, options: options, topology: nil)
    }

    init(url: RedisURL, name: String, pingChannel: String, options: RedisOptions, topology: ClusterTopology?) {
        self.options = options
        self.pingChannel = ChannelName(pingChannel)
        keeper = ConnectionKeeper(url: url, name: name, options: options)
        if let topology { keeper.locate = { topology.anyNode() } }
    }

    /// Keeps the connection until `close` is called or the task is cancelled.
    public func run() async {
        await keeper.run { connection, info in
            begin(connection, isFirst: info.isFirst)
        }
    }

    /// Ends the connection and `run` for good.
    public func close() { keeper.close() }

    /// Gives the current connection up and looks the address up again. Another server may serve there now, which this connection would not notice.
    public func reconnect() { keeper.connection?.close(RedisError(.connectionLost, "the subscriber looks its address up again")) }

    /// Whether there is a connection. After a reconnect the channels may not be confirmed yet.
    public var isConnected: Bool { keeper.isReady }

    /// Waits until `isConnected`. Throws `.unavailable` with the last reason after `limit`, or `.closed`.
    public func connected(within limit: Duration) async throws(RedisError) { try await keeper.waitUntilReady(within: limit) }

    /// Connections made after the first.
    public var reconnects: Int { max(0, keeper.connects - 1) }

    /// Listens to `channel`. Returns when Redis has confirmed it, so that nothing published afterwards is missed while the connection lasts.
    ///
    /// `onMessage` must be quick, and may be called before this returns. Throws `.unavailable` without a connection, `.connectionLost` if it ends
    /// before the confirmation, `.timedOut` (also if the user has no right to the channel) and `.closed`. After an error, nothing is subscribed.
    public func subscribe(_ channel: String, _ onMessage: @escaping Handler) async throws(RedisError) -> RedisSubscription {
        guard let connection = keeper.connection, connection.failure == nil else { throw keeper.unavailable }
        let entry: Channel
        let name = ChannelName(channel)
        if let existing = channels[name] {
            entry = existing
        } else {
            entry = Channel()
            channels[name] = entry
            requestSubscription(name, on: connection)
        }
        nextID += 1
        entry.handlers[nextID] = onMessage
        let subscription = RedisSubscription(channel: name, id: nextID, subscriber: self)
        do {
            try await entry.confirmation.value(within: options.commandTimeout)
            return subscription
        } catch {
            subscription.cancel()
            throw RedisError(waiting: error)
        }
    }
}

// MARK: Channels

extension RedisSubscriber {
    /// The listeners of one channel.
    @ServiceActor
    private final class Channel {
        var handlers: [Int: Handler] = [:]
        var confirmation = Promise<Void>()
    }

    func remove(_ id: Int, from name: ChannelName) {
        guard let channel = channels[name], channel.handlers.removeValue(forKey: id) != nil, channel.handlers.isEmpty else { return }
        channels[name] = nil
        keeper.connection?.sendPubSub(["UNSUBSCRIBE", name.text])
        noteReturned(name)
    }

    private func begin(_ connection: RedisConnection, isFirst: Bool) {
        connection.onPush = { [weak self] in self?.receive($0) }
        connection.onEnd = { [weak self] in self?.end($0) }
        connection.onIdle = { [unowned connection, pingChannel] in
            connection.expectAnswer()
            connection.sendPubSub(["SUBSCRIBE", pingChannel.text])
        }
        outstanding = [:]
        returning = []
        connection.sendPubSub(["SUBSCRIBE", pingChannel.text])
        guard !isFirst else { return }
        returning = Set(channels.keys)
        for name in returning { requestSubscription(name, on: connection) }
        if returning.isEmpty { onReconnect?() }
    }

    private func end(_ reason: RedisError) {
        for channel in channels.values {
            channel.confirmation.fail(reason)
            channel.confirmation = Promise()
        }
    }

    private func requestSubscription(_ name: ChannelName, on connection: RedisConnection) {
        connection.expectAnswer()
        connection.sendPubSub(["SUBSCRIBE", name.text])
        outstanding[name, default: 0] += 1
    }

    private func receive(_ push: PubSubPush) {
        switch push {
        case .message(let name, let payload):
            guard let channel = channels[ChannelName(name)] else { return }
            for (id, handler) in channel.handlers where channel.handlers[id] != nil { handler(payload) }
        case .subscribed(let text):
            let name = ChannelName(text)
            guard let count = outstanding[name] else { return }
            outstanding[name] = count > 1 ? count - 1 : nil
            guard count == 1 else { return }
            channels[name]?.confirmation.succeed(())
            noteReturned(name)
        case .unsubscribed:
            return
        }
    }

    private func noteReturned(_ name: ChannelName) {
        guard returning.remove(name) != nil, returning.isEmpty else { return }
        onReconnect?()
    }
}
