internal import EventLoop

/// How often previews may ask the venues: `perMinute` times per minute, with a few of them at once. A pure value: the caller passes the time.
struct PreviewBudget: Sendable {
    /// Previews that may come at once after a time without any.
    private static let burst = 5

    private let interval: Duration
    private let slack: Duration
    /// When the next preview would be due if all came evenly.
    private var next = MonotonicInstant(nanoseconds: 0)

    /// - Parameter perMinute: at least 1.
    init(perMinute: Int) {
        let perMinute = max(1, perMinute)
        interval = .seconds(60) / perMinute
        slack = interval * (min(Self.burst, perMinute) - 1)
    }

    /// Takes one preview out of the budget. Returns nil, or the time until one is free.
    mutating func take(at now: MonotonicInstant) -> Duration? {
        let due = max(next, now)
        guard due - now <= slack else { return due - now - slack }
        next = due + interval
        return nil
    }
}
