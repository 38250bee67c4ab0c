/// Waits that double up to a limit. Half of each wait is random, so that replicas do not come back at the same time.
public struct Backoff: Sendable {
    private var wait: Duration
    private let first: Duration
    private let max: Duration

    /// Waits from `first` to `max`.
    public init(first: Duration, max: Duration) {
        wait = first
        self.first = first
        self.max = max
    }

    public mutating func next() -> Duration {
        let half = wait.nanosecondsClamped / 2
        defer { wait = min(wait * 2, max) }
        return .nanoseconds(half + Int64.random(in: 0...half))
    }

    public mutating func reset() { wait = first }
}
