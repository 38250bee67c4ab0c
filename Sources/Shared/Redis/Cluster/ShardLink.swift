internal import Configuration
internal import EventLoop

/// The connection to one master of a cluster, for the sharded channels of its slots. It reconnects by itself and asks for each channel again.
@ServiceActor
final class ShardLink {
    /// What has become of a channel.
    enum News {
        case confirmed
        /// The master has ended the subscription, because the slot has moved, or the connection has ended. The channel is asked for again.
        case lost
        case refused(RedisError)
    }

    private struct Request {
        let name: ChannelName
        let subscribes: Bool
    }

    let host: RedisURL.Host
    let keeper: ConnectionKeeper
    private(set) var channels: Set<ChannelName> = []
    /// The requests without an answer, oldest first: a server answers in this order.
    private var asked: ArraySlice<Request> = []
    /// How many of them are about each channel. Only the last answer belongs to the last request.
    private var outstanding: [ChannelName: Int] = [:]
    var onNews: (@ServiceActor (ChannelName, News) -> Void)?
    var onMessage: (@ServiceActor (ChannelName, String) -> Void)?

    init(url: RedisURL, host: RedisURL.Host, name: String, options: RedisOptions) {
        self.host = host
        keeper = ConnectionKeeper(url: url, name: name, options: options)
    }

    /// Keeps the connection until the keeper is closed.
    func run() async { await keeper.run { connection, _ in begin(connection) } }

    /// Asks for a channel: now, or once there is a connection.
    func take(_ name: ChannelName) {
        channels.insert(name)
        request(name, subscribes: true)
    }

    /// Gives a channel up.
    func release(_ name: ChannelName) {
        guard channels.remove(name) != nil else { return }
        request(name, subscribes: false)
    }

    private func begin(_ connection: RedisConnection) {
        connection.onPush = { [weak self] in self?.receive($0) }
        connection.onRefusal = { [weak self] in self?.refuse($0) }
        connection.onEnd = { [weak self] _ in self?.end() }
        // To subscribe again serves as a ping. A connection without channels is soon closed.
        connection.onIdle = { [weak self] in if let self, let name = channels.first { request(name, subscribes: true) } }
        for name in channels { request(name, subscribes: true) }
    }

    private func end() {
        (asked, outstanding) = ([], [:])
        for name in channels { onNews?(name, .lost) }
    }

    private func request(_ name: ChannelName, subscribes: Bool) {
        guard let connection = keeper.connection, connection.failure == nil else { return }
        connection.expectAnswer()
        connection.sendPubSub([subscribes ? "SSUBSCRIBE" : "SUNSUBSCRIBE", name.text])
        asked.append(Request(name: name, subscribes: subscribes))
        outstanding[name, default: 0] += 1
    }

    /// Takes the oldest request, which was answered. Returns whether nothing else was asked about its channel since.
    private func settle(_ request: Request) -> Bool {
        asked.removeFirst()
        guard let count = outstanding[request.name], count > 1 else {
            outstanding[request.name] = nil
            return true
        }
        outstanding[request.name] = count - 1
        return false
    }

    private func receive(_ push: PubSubPush) {
        switch push {
        case .message(let text, let payload): onMessage?(ChannelName(text), payload)
        case .subscribed(let text):
            guard let request = asked.first, request.subscribes, request.name == ChannelName(text) else {
                keeper.connection?.close(RedisError(.protocolViolation, "Redis at \(host) has confirmed a channel that nobody asked for"))
                return
            }
            if settle(request) { onNews?(request.name, .confirmed) }
        case .unsubscribed(let text):
            let name = ChannelName(text)
            if let request = asked.first, !request.subscribes, request.name == name {
                _ = settle(request)
            } else {
                lose(name)
            }
        }
    }

    /// The slot of a channel has moved. The answer to the next request names the node that has it.
    private func lose(_ name: ChannelName) {
        guard channels.contains(name) else { return }
        onNews?(name, .lost)
        if outstanding[name] == nil { request(name, subscribes: true) }
    }

    private func refuse(_ error: RedisError) {
        // A request to unsubscribe may already have been taken for answered, by what the server pushed while the request was on its way.
        guard let request = asked.first, Redirection.slot(error).map({ $0 == HashSlot.of(request.name.text) }) ?? true else { return }
        let isLast = settle(request)
        if error.endsConnection { keeper.connection?.close(RedisError(givingUp: keeper.url.endpoint, after: error)); return }
        if request.subscribes, isLast { onNews?(request.name, .refused(error)) }
    }
}
