public import Redis

/// Why the pipeline could not do what was asked.
public struct PipelineError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: String, Sendable, CaseIterable {
        /// Redis could not be reached, or did not answer in time.
        case unavailable
        /// This process already has as many commands under way as it may have. Redis was not asked.
        case overloaded
        /// This process no longer asks Redis, or has stopped waiting for the answer.
        case stopping
        /// Another process changes the count of partitions, which takes a moment.
        case changing
        /// Redis is there but cannot do it now: it loads, is a replica, is busy, cannot write its file, or has no room for another client.
        case notReady
        /// Redis is full and takes no new orders.
        case full
        /// Redis gave an answer that no script of this version gives.
        case unexpectedReply
        /// Redis refused a command or the login, and will until a person changes that: a right is missing, the password is wrong, or it is a cluster.
        case refused
    }

    public let code: Code
    /// One sentence, safe to log.
    public let message: String
    /// Whether the command may have been carried out all the same.
    public let outcomeUnknown: Bool
    /// Redis' own words, if it refused.
    public let words: String?

    public init(_ code: Code, _ message: String, outcomeUnknown: Bool = false, words: String? = nil) {
        self.code = code
        self.message = message
        self.outcomeUnknown = outcomeUnknown
        self.words = words
    }

    /// Whether the failure may pass by itself, so that another try makes sense.
    public var isPassing: Bool { [.unavailable, .overloaded, .stopping, .changing, .notReady].contains(code) }

    /// The cause as the end of a sentence, `Redis is away`. Says only what is known, with Redis' own words if it gave any.
    public var cause: String {
        switch code {
        case .unavailable: outcomeUnknown ? "Redis gave no answer" : "Redis is away"
        case .overloaded: "too many commands to Redis are under way in this process"
        case .stopping: outcomeUnknown ? "the wait for Redis was broken off" : "this process is stopping"
        case .changing: "another process is changing the count of partitions"
        case .notReady: "Redis is not ready" + quotedWords
        case .full: "Redis is full" + quotedWords
        case .refused: (isLogin ? "Redis refuses the login" : "Redis refuses it") + quotedWords
        case .unexpectedReply: "Redis holds what this version cannot read"
        }
    }

    public var description: String { "\(code.rawValue): \(message)" }

    private var isLogin: Bool { words.map { $0.hasPrefix("WRONGPASS") || $0.hasPrefix("NOAUTH") } ?? false }

    private var quotedWords: String { words.map { " (\($0))" } ?? "" }
}

extension PipelineError {
    /// Replies that pass when the server has finished its work, or when another server has taken its place.
    private static let passing: Set<String> = [
        "BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "READONLY", "TRYAGAIN", "UNBLOCKED",
    ]

    /// The meaning of a Redis failure for the pipeline. If Redis refused, its words decide, whether it refused a command or a connection.
    ///
    /// - Parameter outcomeUnknown: whether something may have been done that the failure says nothing about.
    public init(_ error: RedisError, outcomeUnknown: Bool = false) {
        self.init(
            error.words.map(Self.code) ?? Self.code(of: error), error.message, outcomeUnknown: outcomeUnknown || error.outcomeUnknown,
            words: error.words)
    }

    private static func code(words: String) -> Code {
        let prefix = words.prefix { $0 != " " }
        if prefix == "OOM" { return .full }
        // This refusal has no prefix of its own, but it passes: a client goes, and there is room again.
        return passing.contains(String(prefix)) || words.hasPrefix("ERR max number of clients") ? .notReady : .refused
    }

    private static func code(of error: RedisError) -> Code {
        switch error.code {
        case .overloaded: .overloaded
        case .closed: .stopping
        case .rejected: .refused
        case .unavailable, .connectionLost, .timedOut, .protocolViolation: .unavailable
        }
    }
}
