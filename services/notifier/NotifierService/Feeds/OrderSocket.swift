internal import Dialects
internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders

/// A socket that follows one order in one dialect, from the event after the last one the client has seen to the final event.
@ServiceActor
final class OrderSocket: OrderWatcher {
    private let socket: WebSocket
    private var dialect: any Dialect
    private let sent: Counter
    private var id: OrderID?

    init(socket: WebSocket, dialect: any Dialect, sent: Counter) {
        self.socket = socket
        self.dialect = dialect
        self.sent = sent
    }

    /// Serves the socket until it is closed. `time` is the present time, for the greeting.
    func serve(_ id: OrderID, after: Seq, feeds: any OrderSource, at time: String) async {
        // Messages of the client mean nothing on these paths. They are read so that they do not pile up.
        socket.onText = { _ in }
        self.id = id
        send(dialect.greeting(id, at: time))
        feeds.watch(id, after: after, self)
        await socket.closed()
        feeds.unwatch(id, self)
    }

    func orderIsKnown(_ order: Order, seq: Int) { dialect.introduce(order) }

    func replay(_ events: [OrderEvent]) {
        let shown = events.compactMap(shown)
        if !shown.isEmpty { send(dialect.replay(shown)) }
    }

    func deliver(_ event: OrderEvent) { if let shown = shown(event) { send(dialect.messages(for: shown)) } }

    /// The event as the clients of the dialect may see it; nil if it tells them nothing.
    private func shown(_ event: OrderEvent) -> OrderEvent? { type(of: dialect).knowsWaiting ? event : event.documented }

    func orderIsOver() { socket.close(code: .normal) }

    func orderIsUnknown() { socket.close(code: 4404, reason: "unknown order") }

    func feedFailed() { socket.close(code: .tryAgainLater, reason: "try again in a few seconds") }

    func orderIsBehind(seq: Int) -> Bool {
        let messages = id.map { dialect.rewinding($0, to: seq) } ?? []
        send(messages)
        return !messages.isEmpty
    }

    private func send(_ messages: [String]) { for message in messages where socket.send(text: message) { sent.increment() } }
}
