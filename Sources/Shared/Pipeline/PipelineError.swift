public import Redis

/// Why the pipeline could not do what it was asked.
public struct PipelineError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: String, Sendable, CaseIterable {
        /// Redis could not be reached, or did not answer in time.
        case unavailable
        /// Redis is there and cannot do it now: it loads, follows another, is busy, cannot write its file, has no place for another client.
        case notReady
        /// Redis is full and takes no new orders.
        case full
        /// Redis answered with what no script of this version answers.
        case unexpectedReply
        /// Redis refused a command, and will until somebody changes that: a right is missing, it is a cluster.
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
    public var isPassing: Bool { code == .unavailable || code == .notReady }

    /// The cause as the end of a sentence, `Redis is away`. Says only what is known; with Redis' own words where it has said any.
    public var cause: String {
        switch code {
        case .unavailable: outcomeUnknown ? "Redis gave no answer" : "Redis is away"
        case .notReady: "Redis is not ready" + quotedWords
        case .full: "Redis is full" + quotedWords
        case .refused: "Redis refuses it" + quotedWords
        case .unexpectedReply: "Redis holds what this version cannot read"
        }
    }

    /// One sentence, safe to log.
    public var description: String { "\(code.rawValue): \(message)" }

    private var quotedWords: String { words.map { " (\($0))" } ?? "" }
}

extension PipelineError {
    /// Answers that pass when the server has done what it is at, or when another one has taken its place.
    private static let passing: Set<String> = [
        "BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "READONLY", "TRYAGAIN", "UNBLOCKED",
    ]

    /// What a failure of Redis means to the pipeline.
    public init(_ error: RedisError) {
        switch error.code {
        case .rejected("OOM"): self.init(.full, error.message, words: error.words)
        case .rejected(let prefix):
            self.init(Self.passing.contains(prefix) ? .notReady : .refused, error.message, words: error.words)
        default:
            self.init(error.words == nil ? .unavailable : .notReady, error.message, outcomeUnknown: error.outcomeUnknown, words: error.words)
        }
    }
}
