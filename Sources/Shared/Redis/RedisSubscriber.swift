public import Configuration
public import EventLoop

/// Listens to channels of Pub/Sub on a connection of its own. It reconnects by itself and subscribes to every channel again.
///
/// Messages that are published while there is no connection are lost. `onReconnect` tells when to look for them elsewhere. In a cluster the channels
/// are sharded ones, and there is a connection to each master that has some of them.
@ServiceActor
public final class RedisSubscriber: RedisFollower {
    /// Takes the payload of a message. Bytes that are not UTF-8 are replaced.
    public typealias Handler = @ServiceActor (String) -> Void

    private let keeper: ConnectionKeeper
    /// The connections to a cluster; nil for one server. Then the keeper is never run.
    private let cluster: ClusterSubscriber?
    private let options: RedisOptions
    /// A channel that is always subscribed. Subscribing to it again serves as a ping.
    private let pingChannel: ChannelName
    private var channels: [ChannelName: Channel] = [:]
    /// The number of SUBSCRIBEs without a confirmation, by channel. Only the last confirmation belongs to the last request.
    private var outstanding: [ChannelName: Int] = [:]
    /// Channels that a new connection has not confirmed yet.
    private var returning: Set<ChannelName> = []
    private var nextID = 0

    /// Called after a reconnect, when all channels are subscribed again. In a cluster it is called when one is.
    public var onReconnect: (@ServiceActor () -> Void)? { didSet { cluster?.onReturn = onReconnect } }

    /// Called each time a connection has ended or could not be made, before the wait that follows.
    public var onFailure: (@ServiceActor (RedisError) -> Void)? {
        get { keeper.onFailure }
        set {
            keeper.onFailure = newValue
            cluster?.onFailure = newValue
        }
    }

    /// A subscriber that connects when it is run. CLIENT LIST shows `name`. Nothing is published on `pingChannel`. The user of the URL needs the
    /// right to it as to the other channels: an error of Redis ends the connection.
    public convenience init(url: RedisURL, name: String, pingChannel: String = "redis-subscriber-ping", options: RedisOptions = RedisOptions()) {
        self.init(url: url, name: name, pingChannel: pingChannel, options: options, cluster: nil)
    }

    init(url: RedisURL, name: String, pingChannel: String, options: RedisOptions, cluster: ClusterSubscriber?) {
        self.options = options
        self.cluster = cluster
        self.pingChannel = ChannelName(pingChannel)
        keeper = ConnectionKeeper(url: url, name: name, options: options)
    }

    /// Keeps the connection until `close` is called or the task is cancelled.
    public func run() async {
        if let cluster { return await cluster.run() }
        await keeper.run { connection, info in
            begin(connection, isFirst: info.isFirst)
        }
    }

    /// Ends the connection and `run` for good.
    public func close() {
        keeper.close()
        cluster?.close()
    }

    /// Gives the current connection up and looks the address up again. Another server may serve there now, which this connection would not notice. In
    /// a cluster it asks for a new map.
    public func reconnect() {
        cluster?.refreshMap()
        keeper.connection?.close(RedisError(.connectionLost, "the subscriber looks its address up again"))
    }

    /// Whether there is a connection: in a cluster to each master that has channels. After a reconnect the channels may not be confirmed yet.
    public var isConnected: Bool { cluster?.isConnected ?? keeper.isReady }

    /// Waits until there is a connection, or a map of the cluster. Throws `.unavailable` with the last reason after `limit`, or `.closed`.
    public func connected(within limit: Duration) async throws(RedisError) {
        if let cluster { return try await cluster.waitUntilReady(within: limit) }
        try await keeper.waitUntilReady(within: limit)
    }

    /// Connections made after the first to each server.
    public var reconnects: Int { cluster?.reconnects ?? max(0, keeper.connects - 1) }

    /// Listens to `channel`. Returns when Redis has confirmed it, so that nothing published afterwards is missed while the connection lasts.
    ///
    /// `onMessage` must be quick, and may be called before this returns. Throws `.unavailable` without a connection, `.connectionLost` if it ends
    /// before the confirmation, `.timedOut` (also if the user has no right to the channel) and `.closed`. After an error, nothing is subscribed.
    /// In a cluster it waits for a master that takes the channel, for as long as for an answer.
    public func subscribe(_ channel: String, _ onMessage: @escaping Handler) async throws(RedisError) -> RedisSubscription {
        if let cluster { return try await cluster.subscribe(ChannelName(channel), onMessage) }
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
        let subscription = RedisSubscription { [weak self, nextID] in self?.remove(nextID, from: name) }
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

    private func remove(_ id: Int, from name: ChannelName) {
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
