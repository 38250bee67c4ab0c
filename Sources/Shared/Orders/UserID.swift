public import JSON

/// The owner of an order, as the client names them. Two names are one user only if they have the same bytes in UTF-8.
///
/// `==` of `String` compares by canonical equivalence: the two Unicode forms of "é" are equal to it. Redis and Postgres tell them apart.
public struct UserID: Sendable, Hashable, CustomStringConvertible {
    /// The name as it was given.
    public let text: String

    /// A name that was accepted before, as it is stored.
    public init(stored text: String) { self.text = text }

    /// A name from outside: 1 to 255 characters (Unicode scalars); nil for anything else.
    public init?(_ text: String) {
        guard (1...255).contains(text.unicodeScalars.count) else { return nil }
        self.text = text
    }

    public var description: String { text }

    /// Whether both have the same bytes.
    public static func == (left: UserID, right: UserID) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8(0xFF))
    }
}

extension UserID: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.value(string: text) }
}
