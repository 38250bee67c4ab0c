/// How far an order's events were seen: the `seq` of one of them, or 0 for none.
///
/// At most 2^53 - 1, which the numbers of every client and of Redis' scripts can hold; so counting on from one never overflows.
public struct Seq: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The largest there is.
    public static let max = 9_007_199_254_740_991

    /// From 0 to `most`.
    public let value: Int

    /// Nil for a number outside of the range.
    public init?(exactly value: Int) {
        guard (0...Self.max).contains(value) else { return nil }
        self.value = value
    }

    /// The nearest one to a number that is known to be right.
    public init(clamping value: Int) { self.value = Swift.min(Swift.max(0, value), Self.max) }

    /// Reads digits and nothing else, as URLs and headers carry them; nil for any other text and for what is out of range.
    public init?(parsing text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }), let value = Int(text) else { return nil }
        self.init(exactly: value)
    }

    /// The event that comes after what was seen.
    public var next: Int { value + 1 }

    /// The digits.
    public var description: String { String(value) }

    /// Seen less far.
    public static func < (left: Seq, right: Seq) -> Bool { left.value < right.value }
}

extension Seq: ExpressibleByIntegerLiteral {
    /// The nearest one to a number in the source.
    public init(integerLiteral value: Int) { self.init(clamping: value) }
}
