internal import HTTP
public import Pipeline

extension PipelineError {
    /// What a client is told of something that could not be done because of Redis: the cause as far as it is known, in Redis' own words where it
    /// has said any. What Redis holds and nobody can read is left to the server's log, as any fault of its own.
    ///
    /// - Parameters:
    ///   - failed: what could not be done, without an end: `The order cannot be looked up`.
    ///   - changes: whether it would have changed something, so that a lost answer is told as such.
    public func answer(_ failed: String, changes: Bool = false) -> any Error {
        if changes && outcomeUnknown {
            return Problem.outcomeUnknown(failed, because: cause)
        }
        return switch code {
        case .unavailable, .stopping, .changing: Problem.unavailable(failed, because: cause)
        case .notReady: Problem.redisNotReady(failed, because: cause)
        case .full, .overloaded: Problem.overloaded(failed, because: cause)
        case .refused: Problem.redisRefused(failed, because: cause)
        case .unexpectedReply: self
        }
    }
}
