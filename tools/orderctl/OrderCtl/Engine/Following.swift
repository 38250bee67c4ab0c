internal import EventLoop
internal import JSON
internal import Orders

extension Engine {
    /// How long the engine may be unreachable while an order is followed.
    private static let patience = Duration.seconds(60)
    /// The wait between two connections if the first one worked. It is short, but long enough if a server ends each connection at once.
    private static let pause = Duration.milliseconds(50)

    /// Hands over every event of an order, each once and in order, until the final one. If the engine has lost events that were seen, all events that
    /// it has are handed over again at the order's end.
    ///
    /// - Parameters:
    ///   - lost: called when the engine cannot be reached and is looked for again.
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

/// The progress of a followed order, over any number of connections.
@ServiceActor
final class FollowedOrder {
    let id: String
    /// The `seq` of the last event; 0 before the first.
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

    /// The order has ended and has no event after the last one seen. If that was not its final event, the engine has lost events. All its events are
    /// then read again, once.
    func runOut() {
        isOver = hasBegunAnew || seq == 0
        (hasBegunAnew, seq) = (true, 0)
    }
}
