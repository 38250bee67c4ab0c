public import EventLoop
public import Observability

/// Log lines that say how often something has happened in the last second, for things that happen to every order. A line for each would cost more
/// than it tells: the order's events are its record.
@ServiceActor
public final class CountedLines {
    private static let interval = Duration.seconds(1)

    private let log: Logger
    private var counts: [String: Int] = [:]
    private let timer = LoopTimer()

    /// Lines of a log at level `info`.
    public init(log: Logger) { self.log = log }

    /// Counts an event, a dotted name such as `orders.confirmed`.
    public func count(_ event: String) {
        if counts.isEmpty { timer.start(after: Self.interval) { [unowned self] in write() } }
        counts[event, default: 0] += 1
    }

    /// Writes what has been counted and not written yet.
    public func write() {
        for (event, count) in counts.sorted(by: { $0.key < $1.key }) { log.info(event, ["count": .integer(count)]) }
        counts = [:]
        timer.stop()
    }
}
