/// Why a request to another server has no answer.
public enum HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The time limit of the connection attempt or of the whole request has passed.
    case timedOut
    /// No server accepts connections there.
    case refused
    /// The host's name is not known.
    case dns
    /// No trusted encrypted connection could be made.
    case tls
    /// The answer is larger than allowed.
    case tooLarge
    /// The connection ended before the answer did.
    case truncated
    /// The task was cancelled.
    case cancelled
    /// Any other error, in the library's fixed words.
    case other(String)

    /// A few words, safe to log: no address and no header is in them.
    public var description: String {
        switch self {
        case .timedOut: "no answer in time"
        case .refused: "connection refused"
        case .dns: "unknown host"
        case .tls: "no trusted TLS connection"
        case .tooLarge: "answer too large"
        case .truncated: "answer cut short"
        case .cancelled: "cancelled"
        case .other(let text): text
        }
    }
}
