internal import EventLoop

/// Why a command gave no value.
public struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: Sendable, Equatable {
        /// There is no connection; the command was not sent.
        case unavailable
        /// The connection ended while the command was in flight. The command may have run.
        case connectionLost
        /// No reply within the time-out. The command may have run, or may still run.
        case timedOut
        /// Redis answered with an error. The value is the error's first word, for example `NOSCRIPT`, `OOM`, `READONLY`, `BUSY`, `WRONGPASS`.
        case rejected(String)
        /// The other side does not speak the protocol of Redis.
        case protocolViolation
        /// The maximum number of commands is in flight. This one was not sent.
        case overloaded
        /// The client was closed, or the task that waited was cancelled.
        case closed
    }

    public let code: Code
    /// One sentence, safe to log.
    public let message: String
    /// Whether the command may have run nevertheless.
    public let outcomeUnknown: Bool
    /// Redis' own words, if it was reached and has refused; nil if nothing was heard from it.
    public let words: String?

    /// A failure. By default its outcome is unknown if the kind implies that the command was sent and not answered.
    public init(_ code: Code, _ message: String, outcomeUnknown: Bool? = nil, words: String? = nil) {
        self.code = code
        self.message = message
        self.outcomeUnknown = outcomeUnknown ?? [.connectionLost, .timedOut, .protocolViolation].contains(code)
        self.words = words
    }

    /// Whether Redis cannot be reached or is not ready yet. The command did not run.
    public var isUnavailable: Bool { [.unavailable, .rejected("LOADING"), .rejected("MASTERDOWN")].contains(code) }

    /// Whether this connection is of no use any more for any caller: its server is a replica now, is loading its data, has lost its master, or has
    /// forgotten the login. If the address is looked up again, it may lead to the right server.
    public var endsConnection: Bool { rejection.map { ["READONLY", "LOADING", "MASTERDOWN", "NOAUTH"].contains($0) } ?? false }

    /// The prefix of an error reply; nil for other failures.
    public var rejection: String? {
        guard case .rejected(let prefix) = code else { return nil }
        return prefix
    }

    public var description: String { message }
}

extension RedisError {
    static let limitOfMessage = 200

    /// An error reply. Redis may quote the arguments of a command that it does not know. These are cut off.
    init(reply text: String) {
        let prefix = text.prefix { $0 != " " }
        let safe = text.split(separator: ", with args beginning with:", maxSplits: 1).first ?? ""
        let words = String(safe.prefix(Self.limitOfMessage))
        self.init(.rejected(String(prefix)), words, words: words)
    }

    /// The error that ends a connection after an answer which makes it useless. Commands in flight may have run.
    init(givingUp endpoint: String, after answer: RedisError) {
        self.init(
            .connectionLost, "the connection to Redis at \(endpoint) was given up: \(answer.message)", outcomeUnknown: true,
            words: answer.words)
    }

    static let cancelled = RedisError(.closed, "the task that waited for Redis was cancelled", outcomeUnknown: true)
    static let cancelledBefore = RedisError(.closed, "the task was cancelled before the command was sent")
    static let closed = RedisError(.closed, "the connection to Redis was closed", outcomeUnknown: true)
    static let closedBefore = RedisError(.closed, "the client of Redis is closed")

    /// The error of a wait on the loop.
    init(waiting error: any Error) {
        switch error {
        case let error as RedisError: self = error
        case is CancellationError: self = .cancelled
        case let error as DeadlineExceeded: self.init(.timedOut, "Redis gave \(error)")
        default: self.init(.unavailable, "\(error)")
        }
    }
}
