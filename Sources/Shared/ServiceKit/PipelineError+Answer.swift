internal import HTTP
public import Pipeline

extension PipelineError {
    /// The refusal that a client gets if something could not be done because of Redis: the cause as far as it is known, with Redis' own words if it
    /// gave any. Data in Redis that cannot be read goes to the server's log only, like any fault of the engine's own.
    ///
    /// - Parameters:
    ///   - failed: what could not be done, the first half of a sentence: `The order cannot be looked up`.
    ///   - changes: whether it would have changed something. A lost answer then has an unknown outcome.
    public func answer(_ failed: String, changes: Bool = false) -> any Error {
        if changes && outcomeUnknown { return Problem.outcomeUnknown(failed, because: cause) }
        return switch code {
        case .unavailable, .stopping, .changing: Problem.unavailable(failed, because: cause)
        case .notReady: Problem.redisNotReady(failed, because: cause)
        case .full, .overloaded: Problem.overloaded(failed, because: cause)
        case .refused: Problem.redisRefused(failed, because: cause)
        case .unexpectedReply: self
        }
    }
}
