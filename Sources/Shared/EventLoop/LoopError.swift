internal import CLibuv

/// A failure of libuv.
public struct LoopError: Error, Sendable, CustomStringConvertible {
    /// libuv's code, negative.
    public let code: Int32
    /// What was being done.
    public let doing: String

    /// One sentence, safe to log.
    public var description: String { "could not \(doing): \(String(cString: uv_strerror(code)))" }
}

/// A wait took longer than it was allowed to.
public struct DeadlineExceeded: Error, Sendable, CustomStringConvertible {
    /// The time that was allowed.
    public let limit: Duration
    /// One sentence, safe to log.
    public var description: String { "no answer within \(limit.millisecondsRoundedUp) ms" }

    /// A wait that was allowed `limit`.
    public init(limit: Duration) { self.limit = limit }
}
