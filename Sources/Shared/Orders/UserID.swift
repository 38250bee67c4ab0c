public import JSON

/// The user that an order is for, as the client names them.
public struct UserID: ExactText {
    /// The name as it was given.
    public let text: String

    /// A name that was accepted before, as it is stored.
    public init(stored text: String) { self.text = text }

    /// A name from outside: 1 to 255 characters (Unicode scalars); nil for anything else.
    public init?(_ text: String) {
        guard (1...255).contains(text.unicodeScalars.count) else { return nil }
        self.text = text
    }
}

extension UserID: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.value(string: text) }
}
