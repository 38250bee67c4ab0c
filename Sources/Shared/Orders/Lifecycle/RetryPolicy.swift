/// How long an order waits between its attempts.
public struct RetryPolicy: Sendable, Hashable {
    /// The first wait in milliseconds; each further one is twice as long.
    public let baseMilliseconds: UInt64
    /// How much a wait may grow at random, in thousandths of the wait.
    public let jitterPerMille: UInt64

    public init(baseMilliseconds: UInt64, jitterPerMille: UInt64) {
        self.baseMilliseconds = baseMilliseconds
        self.jitterPerMille = jitterPerMille
    }

    /// The wait after attempt `attempt` (from 1) in milliseconds: base × 2^(attempt-1), plus a random share of up to `jitterPerMille`.
    public func delay(afterAttempt attempt: Int, random: inout some RandomNumberGenerator) -> UInt64 {
        let doublings = UInt64(min(max(1, attempt) - 1, 30))
        let (wait, overflow) = baseMilliseconds.multipliedReportingOverflow(by: 1 << doublings)
        guard !overflow, wait < 1 << 48 else { return 1 << 48 }
        return wait + UInt64.random(in: 0...(wait * min(jitterPerMille, 1000) / 1000), using: &random)
    }
}
