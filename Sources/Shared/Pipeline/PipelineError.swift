/// Why the pipeline could not do what it was asked.
public struct PipelineError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: String, Sendable {
        /// Redis could not be reached, or did not answer in time.
        case unavailable
        /// Redis is full and takes no new orders.
        case full
        /// Redis answered with what no script of this version answers.
        case unexpectedReply
        /// Redis refused a command.
        case refused
    }

    /// The kind of failure.
    public let code: Code
    /// One sentence, safe to log.
    public let message: String
    /// Whether what was asked may have been done all the same.
    public let outcomeUnknown: Bool

    /// A failure.
    public init(_ code: Code, _ message: String, outcomeUnknown: Bool = false) {
        self.code = code
        self.message = message
        self.outcomeUnknown = outcomeUnknown
    }

    /// One sentence, safe to log.
    public var description: String { "\(code.rawValue): \(message)" }
}
