/// The fields of a log line, in the order in which they are written: `["orderId": .string(id), "attempt": 2]`.
public typealias LogFields = KeyValuePairs<String, LogValue>

/// A field of a log line: its name and its value.
public typealias LogField = (key: String, value: LogValue)

/// The value of a field of a log line. Literals are values.
public enum LogValue: Sendable, Equatable {
    /// Text; cut after 1,024 bytes.
    case string(String)
    case integer(Int)
    case boolean(Bool)

    /// A duration in whole milliseconds.
    public static func milliseconds(_ duration: Duration) -> LogValue {
        let (seconds, attoseconds) = duration.components
        let whole = Int128(seconds) * 1_000 + Int128(attoseconds / 1_000_000_000_000_000)
        return .integer(Int(clamping: whole))
    }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}
