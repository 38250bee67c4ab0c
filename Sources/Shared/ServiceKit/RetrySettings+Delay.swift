public import Configuration
internal import EventLoop
internal import Orders

extension RetrySettings {
    /// The wait after an attempt before the next one, in ms, with jitter.
    public func delay(afterAttempt attempt: Int) -> UInt64 {
        let policy = RetryPolicy(baseMilliseconds: UInt64(base.millisecondsRoundedUp), jitterPerMille: UInt64(jitter.partsPerMillion / 1000))
        var random = SystemRandomNumberGenerator()
        return policy.delay(afterAttempt: attempt, random: &random)
    }
}
