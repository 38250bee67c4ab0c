internal import EventLoop
internal import HTTP
internal import JSON

extension Engine {
    /// How long the engine may be away while an order is followed.
    private static let patience = Duration.seconds(60)
    /// Between two connections of which the first was there: short, but no turn of a wheel for a server that ends each at once.
    private static let pause = Duration.milliseconds(50)

    /// Hands over every event of an order from `after` on, each once and in order, until its final one.
    ///
    /// Over WebSockets where the engine can be reached by one, else by server-sent events. An engine that has lost what was seen begins anew.
    ///
    /// - Parameters:
    ///   - lost: called when the engine has gone away and is looked for again.
    ///   - receive: called with each event.
    func follow(
        _ id: String, after: Int64 = 0, lost: @ServiceActor () -> Void, _ receive: @escaping @ServiceActor (JSONValue) -> Void
    ) async throws(Failure) {
        let progress = FollowedOrder(id, after: after, receive)
        var backoff = Backoff(first: .milliseconds(200), most: .seconds(3))
        var lastSign = MonotonicInstant.now
        while !progress.isOver {
            let before = progress.seq
            let failure = try await listen(progress)
            if failure == nil || progress.seq != before { (backoff, lastSign) = (Backoff(first: .milliseconds(200), most: .seconds(3)), .now) }
            guard !progress.isOver else { return }
            guard let failure else {
                try? await sleep(for: Self.pause)
                continue
            }
            guard lastSign.elapsed < Self.patience else { throw failure }
            lost()
            try? await sleep(for: backoff.next())
        }
    }

    /// One connection. Returns why it cannot be had for now; nil when it was, and is over. Throws what another try does not change.
    private func listen(_ order: FollowedOrder) async throws(Failure) -> Failure? {
        guard opensWebSockets, order.opensWebSockets else { return try await listenToEventStream(order) }
        switch await listenToWebSocket(order) {
        case .had: return nil
        case .away(let failure): return failure
        case .unsaid: return try await listenToEventStream(order)
        }
    }
}

/// What has come of an order so far, over however many connections.
@ServiceActor
final class FollowedOrder {
    let id: String
    /// Of the last event; 0 before the first.
    private(set) var seq: Int64
    private(set) var isOver = false
    /// Until an upgrade was refused, or what came was no proper WebSocket.
    var opensWebSockets = true
    private let receive: @ServiceActor (JSONValue) -> Void

    init(_ id: String, after: Int64, _ receive: @escaping @ServiceActor (JSONValue) -> Void) {
        self.id = id
        seq = after
        self.receive = receive
    }

    /// Takes an event, unless it was seen before.
    func take(_ event: JSONValue) {
        guard let number = event["seq"]?.integer, number > seq, !isOver else { return }
        seq = number
        isOver = ["confirmed", "failed", "cancelled"].contains(event["status"]?.string)
        receive(event)
    }

    /// There is nothing more to come.
    func end() { isOver = true }

    /// The engine has less than was seen: all its events follow.
    func beginAnew() { seq = 0 }
}
