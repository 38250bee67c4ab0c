/// Pauses between attempts: each twice as long as the one before, up to a limit, less up to a half at random.
struct Backoff {
    let minimum: Duration
    let maximum: Duration
    private var next: Duration

    init(from minimum: Duration, to maximum: Duration) {
        self.minimum = minimum
        self.maximum = maximum
        next = minimum
    }

    /// The pause before the next attempt.
    mutating func pause() -> Duration {
        defer { next = min(next * 2, maximum) }
        return next * Double.random(in: 0.5...1)
    }

    /// Starts from the shortest pause again.
    mutating func reset() { next = minimum }
}
