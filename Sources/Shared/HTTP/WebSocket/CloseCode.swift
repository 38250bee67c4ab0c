/// Why a WebSocket is closed: a number in the close frame (RFC 6455, 7.4, and the registry that continues it).
public struct CloseCode: RawRepresentable, Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    public let rawValue: UInt16

    /// A code by its number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// A code by its number.
    public init(integerLiteral value: UInt16) { self.init(rawValue: value) }

    public var description: String { String(rawValue) }

    /// The work is done.
    public static let normal: CloseCode = 1000
    /// The peer is leaving, or was silent for too long.
    public static let goingAway: CloseCode = 1001
    /// The frames broke the protocol.
    public static let protocolError: CloseCode = 1002
    /// A binary message. Only text is accepted.
    public static let unsupportedData: CloseCode = 1003
    /// The peer's close frame had no code. Never sent.
    public static let noStatus: CloseCode = 1005
    /// The connection ended without a close frame. Never sent.
    public static let abnormal: CloseCode = 1006
    /// A text message that is not UTF-8.
    public static let invalidText: CloseCode = 1007
    /// Not allowed, or too many at once.
    public static let policyViolation: CloseCode = 1008
    /// A message over the limit.
    public static let messageTooBig: CloseCode = 1009
    /// The service failed.
    public static let internalError: CloseCode = 1011
    /// The service restarts: connect again.
    public static let serviceRestart: CloseCode = 1012
    /// Too much to do: try again later.
    public static let tryAgainLater: CloseCode = 1013
    /// There is no valid key.
    public static let unauthenticated: CloseCode = 4401
    /// The key does not allow it.
    public static let forbidden: CloseCode = 4403
    /// The client read too slowly.
    public static let tooSlow: CloseCode = 4408

    /// Whether the code may be sent in a frame.
    var isSendable: Bool { rawValue >= 1000 && rawValue < 5000 && ![1004, 1005, 1006, 1015].contains(rawValue) }
}
