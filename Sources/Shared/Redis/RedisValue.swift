/// A reply of Redis, or a part of one.
public enum RedisValue: Sendable, Equatable {
    /// No such value: a nil bulk or a nil array.
    case null
    case integer(Int64)
    /// A bulk or status reply that is valid UTF-8.
    case string(String)
    /// A bulk reply that is not valid UTF-8.
    case bytes([UInt8])
    /// An error inside an array; an error that is the whole reply is thrown as `RedisError`.
    case error(String)
    case array([RedisValue])
}

extension RedisValue {
    /// The text of a string; nil for everything else.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The bytes of a string, whether or not it is valid UTF-8; nil for everything else.
    public var bytes: [UInt8]? {
        switch self {
        case .string(let text): Array(text.utf8)
        case .bytes(let bytes): bytes
        default: nil
        }
    }

    /// A number, even if it comes as a string; nil for everything else.
    public var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .string(let text): Int64(text)
        default: nil
        }
    }

    /// The values of an array; nil for everything else.
    public var array: [RedisValue]? {
        guard case .array(let values) = self else { return nil }
        return values
    }

    /// The names and values that an array has in turn, as Redis answers a hash; empty for everything else. A name without a value is left out.
    public var pairs: [(name: RedisValue, value: RedisValue)] {
        let values = array ?? []
        return stride(from: 0, to: values.count - 1, by: 2).map { (values[$0], values[$0 + 1]) }
    }

    /// Whether there is no value.
    public var isNull: Bool { self == .null }
}
