/// The `seq` of the last event that was seen, or 0 for none.
///
/// At most 2^53 - 1: the numbers of every client and of Redis' scripts can hold it, and `next` cannot overflow.
public struct Seq: Sendable, Hashable, Comparable, CustomStringConvertible {
    public static let max = 9_007_199_254_740_991

    /// From 0 to `max`.
    public let value: Int

    /// Nil for a number outside of the range.
    public init?(exactly value: Int) {
        guard (0...Self.max).contains(value) else { return nil }
        self.value = value
    }

    /// The nearest value in range, for a number that is known to be right.
    public init(clamping value: Int) { self.value = Swift.min(Swift.max(0, value), Self.max) }

    /// Reads digits and nothing else, as URLs and headers carry them; nil for any other text and for a number out of range.
    public init?(parsing text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }), let value = Int(text) else { return nil }
        self.init(exactly: value)
    }

    /// The `seq` of the event after the last one that was seen.
    public var next: Int { value + 1 }

    public var description: String { String(value) }

    public static func < (left: Seq, right: Seq) -> Bool { left.value < right.value }
}

extension Seq: ExpressibleByIntegerLiteral {
    /// The nearest value in range to a number in the source.
    public init(integerLiteral value: Int) { self.init(clamping: value) }
}
