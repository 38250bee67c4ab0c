public import Redis

/// Why the pipeline could not do what it was asked.
public struct PipelineError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: String, Sendable, CaseIterable {
        /// Redis could not be reached, or did not answer in time.
        case unavailable
        /// As many commands are under way as this process may have; Redis was not asked.
        case overloaded
        /// This process asks Redis no more, or has stopped waiting for the answer.
        case stopping
        /// Another process changes the count of partitions, which takes a moment.
        case changing
        /// Redis is there and cannot do it now: it loads, follows another, is busy, cannot write its file, has no place for another client.
        case notReady
        /// Redis is full and takes no new orders.
        case full
        /// Redis answered with what no script of this version answers.
        case unexpectedReply
        /// Redis refused a command or the login, and will until somebody changes that: a right is missing, the password is wrong, it is a cluster.
        case refused
    }

    /// The kind of failure.
    public let code: Code
    /// One sentence, safe to log.
    public let message: String
    /// Whether what was asked may have been done all the same.
    public let outcomeUnknown: Bool
    /// Redis' own words, where it has said no.
    public let words: String?

    /// A failure.
    public init(_ code: Code, _ message: String, outcomeUnknown: Bool = false, words: String? = nil) {
        self.code = code
        self.message = message
        self.outcomeUnknown = outcomeUnknown
        self.words = words
    }

    /// Whether it may pass by itself, so that asking again makes sense.
    public var isPassing: Bool { [.unavailable, .overloaded, .stopping, .changing, .notReady].contains(code) }

    /// The cause as the end of a sentence, `Redis is away`. Says only what is known; with Redis' own words where it has said any.
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

    /// One sentence, safe to log.
    public var description: String { "\(code.rawValue): \(message)" }

    private var isLogin: Bool { words.map { $0.hasPrefix("WRONGPASS") || $0.hasPrefix("NOAUTH") } ?? false }

    private var quotedWords: String { words.map { " (\($0))" } ?? "" }
}

extension PipelineError {
    /// Answers that pass when the server has done what it is at, or when another one has taken its place.
    private static let passing: Set<String> = [
        "BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "READONLY", "TRYAGAIN", "UNBLOCKED",
    ]

    /// What a failure of Redis means to the pipeline. Where Redis has said no, its words decide, whether it said so to a command or to a connection.
    public init(_ error: RedisError) {
        self.init(
            error.words.map(Self.code) ?? Self.code(of: error), error.message, outcomeUnknown: error.outcomeUnknown, words: error.words)
    }

    private static func code(words: String) -> Code {
        let prefix = words.prefix { $0 != " " }
        if prefix == "OOM" { return .full }
        // The one refusal without a word of its own that passes: a client goes, and there is a place again.
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
