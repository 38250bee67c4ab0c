internal import CLibuv

/// A failure of libuv.
public struct LoopError: Error, Sendable, CustomStringConvertible {
    /// libuv's code, negative.
    public let code: Int32
    /// What failed, in words that follow "could not".
    public let doing: String

    public var description: String { "could not \(doing): \(String(cString: uv_strerror(code)))" }
}

/// The error of a wait that took longer than allowed.
public struct DeadlineExceeded: Error, Sendable, CustomStringConvertible {
    public let limit: Duration
    public var description: String { "no answer within \(limit.millisecondsRoundedUp) ms" }

    /// A wait that was allowed to take `limit`.
    public init(limit: Duration) { self.limit = limit }
}
