internal import HTTP
public import Pipeline

extension PipelineError {
    /// What a client is told of something that could not be done because of Redis: the cause as far as it is known, in Redis' own words where it
    /// has said any. What Redis holds and nobody can read is left to the server's log, as any fault of its own.
    ///
    /// - Parameters:
    ///   - sentence: what could not be done, without an end: `The order cannot be looked up`.
    ///   - changes: whether it would have changed something, so that a lost answer is told as such.
    public func answer(_ sentence: String, changes: Bool = false) -> any Error {
        if changes && outcomeUnknown {
            return Problem(
                503, code: "OUTCOME_UNKNOWN", "\(sentence), as far as is known: \(cause). It may have been done all the same; look, and ask again",
                headers: [("Retry-After", "2")])
        }
        switch code {
        case .unavailable, .stopping, .changing: return passing("UNAVAILABLE", sentence)
        case .notReady: return passing("REDIS_NOT_READY", sentence)
        case .full, .overloaded: return passing("OVERLOADED", sentence)
        case .refused:
            return Problem(
                503, code: "REDIS_REFUSED",
                "\(sentence) because \(cause); this does not pass by itself: tell the operator, who sees why in orderctl doctor",
                headers: [("Retry-After", "30")])
        case .unexpectedReply: return self
        }
    }

    private func passing(_ name: String, _ sentence: String) -> Problem {
        Problem(503, code: name, "\(sentence) because \(cause); try again in a few seconds", headers: [("Retry-After", "2")])
    }
}
