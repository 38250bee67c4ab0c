/// A text that names something. Two are the same only if they have the same bytes in UTF-8.
///
/// `==` of `String` compares by canonical equivalence: the two Unicode forms of "é" are equal to it. Redis and Postgres tell them apart.
public protocol ExactText: Sendable, Hashable, CustomStringConvertible {
    var text: String { get }
}

extension ExactText {
    public var description: String { text }

    /// Whether both have the same bytes.
    public static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8(0xFF))
    }
}
