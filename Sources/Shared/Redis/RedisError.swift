internal import EventLoop

/// Why a command gave no value.
public struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: Sendable, Equatable {
        /// There is no connection; the command was not sent.
        case unavailable
        /// The connection ended while the command was under way: it may have run.
        case connectionLost
        /// No reply within the time-out: the command may have run, or may still run.
        case timedOut
        /// Redis answered with an error; the first word of it, for example `NOSCRIPT`, `OOM`, `READONLY`, `BUSY`, `WRONGPASS`.
        case rejected(String)
        /// The other side does not speak the protocol of Redis.
        case protocolViolation
        /// As many commands as allowed are in flight; this one was not sent.
        case overloaded
        /// The client was closed, or the task that waited was cancelled.
        case closed
    }

    /// The kind of failure.
    public let code: Code
    /// One sentence, safe to log.
    public let message: String
    /// Whether the command may have run all the same.
    public let outcomeUnknown: Bool
    /// Redis' own words, where it was reached and has said no; nil where nothing was heard of it.
    public let words: String?

    /// A failure. Unless said otherwise, its outcome is unknown if the kind implies that the command was sent and not answered.
    public init(_ code: Code, _ message: String, outcomeUnknown: Bool? = nil, words: String? = nil) {
        self.code = code
        self.message = message
        self.outcomeUnknown = outcomeUnknown ?? [.connectionLost, .timedOut, .protocolViolation].contains(code)
        self.words = words
    }

    /// Whether Redis is away, or not ready yet; the command did not run.
    public var isUnavailable: Bool { [.unavailable, .rejected("LOADING"), .rejected("MASTERDOWN")].contains(code) }

    /// Whether this connection is of no use any more, whoever asks again: its server is a replica now, is being filled by another, or has forgotten
    /// the login. Another look at the address may find the right one.
    public var endsConnection: Bool { rejection.map { ["READONLY", "LOADING", "MASTERDOWN", "NOAUTH"].contains($0) } ?? false }

    /// The prefix of an error reply; nil for other failures.
    public var rejection: String? {
        guard case .rejected(let prefix) = code else { return nil }
        return prefix
    }

    /// One sentence, safe to log.
    public var description: String { message }
}

extension RedisError {
    static let limitOfMessage = 200

    /// An error reply. Redis may quote the arguments of a command it does not know: they are cut off.
    init(reply text: String) {
        let prefix = text.prefix { $0 != " " }
        let safe = text.split(separator: ", with args beginning with:", maxSplits: 1).first ?? ""
        let words = String(safe.prefix(Self.limitOfMessage))
        self.init(.rejected(String(prefix)), words, words: words)
    }

    /// What ends a connection on an answer after which it is of no use. Commands that are under way may have run.
    init(givingUp endpoint: String, after answer: RedisError) {
        self.init(
            .connectionLost, "the connection to Redis at \(endpoint) was given up: \(answer.message)", outcomeUnknown: true,
            words: answer.words)
    }

    static let cancelled = RedisError(.closed, "the task that waited for Redis was cancelled", outcomeUnknown: true)
    static let cancelledBefore = RedisError(.closed, "the task was cancelled before the command was sent")
    static let closed = RedisError(.closed, "the connection to Redis was closed", outcomeUnknown: true)
    static let closedBefore = RedisError(.closed, "the client of Redis is closed")

    /// What a wait on the loop failed with.
    init(waiting error: any Error) {
        switch error {
        case let error as RedisError: self = error
        case is CancellationError: self = .cancelled
        case let error as DeadlineExceeded: self.init(.timedOut, "Redis gave \(error)")
        default: self.init(.unavailable, "\(error)")
        }
    }
}
