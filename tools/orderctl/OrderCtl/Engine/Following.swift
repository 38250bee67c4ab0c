internal import EventLoop
internal import JSON
internal import Orders

extension Engine {
    /// How long the engine may be away while an order is followed.
    private static let patience = Duration.seconds(60)
    /// Between two connections of which the first was there: short, but no turn of a wheel for a server that ends each at once.
    private static let pause = Duration.milliseconds(50)

    /// Hands over every event of an order, each once and in order, until its final one. Where the engine has lost events that were seen, all it has
    /// come again at the order's end.
    ///
    /// - Parameters:
    ///   - lost: called when the engine has gone away and is looked for again.
    ///   - receive: called with each event.
    func follow(
        _ id: String, lost: @ServiceActor () -> Void, _ receive: @escaping @ServiceActor (JSONValue) -> Void
    ) async throws(Failure) {
        let progress = FollowedOrder(id, receive)
        var backoff = Backoff(first: .milliseconds(200), max: .seconds(3))
        var lastSign = MonotonicInstant.now
        while !progress.isOver {
            let before = progress.seq
            let failure = try await listenToEventStream(progress)
            if failure == nil || progress.seq != before { (backoff, lastSign) = (Backoff(first: .milliseconds(200), max: .seconds(3)), .now) }
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
}

/// What has come of an order so far, over however many connections.
@ServiceActor
final class FollowedOrder {
    let id: String
    /// Of the last event; 0 before the first.
    private(set) var seq: Int64 = 0
    private(set) var isOver = false
    private var hasBegunAnew = false
    private let receive: @ServiceActor (JSONValue) -> Void

    init(_ id: String, _ receive: @escaping @ServiceActor (JSONValue) -> Void) {
        self.id = id
        self.receive = receive
    }

    /// Takes an event, unless it was seen before.
    func take(_ event: JSONValue) {
        guard let number = event["seq"]?.integer, number > seq, !isOver else { return }
        seq = number
        isOver = event.orderStatus?.isFinal == true
        receive(event)
    }

    /// The order is over, and has no event after the last one seen. Where that was not its final one, the engine has lost what was seen: all its
    /// events are to follow, once.
    func runOut() {
        isOver = hasBegunAnew || seq == 0
        (hasBegunAnew, seq) = (true, 0)
    }
}
