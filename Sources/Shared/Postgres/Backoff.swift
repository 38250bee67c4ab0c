/// Growing waits between attempts, spread so that clients of a server that came back don't all arrive at once.
struct Backoff {
    private static let first = Duration.milliseconds(100)
    private static let longest = Duration.seconds(5)
    private var failures = 0

    /// The wait before the next attempt: twice as long after each, up to 5 s, less up to a half at random.
    mutating func next() -> Duration {
        let wait = min(Self.longest, Self.first * (1 << min(failures, 10)))
        failures += 1
        return wait - wait * Int.random(in: 0...50) / 100
    }

    /// Begins anew after a success.
    mutating func reset() { failures = 0 }
}
