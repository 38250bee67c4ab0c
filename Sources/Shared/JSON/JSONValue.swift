/// A JSON text as a tree. Numbers keep their text, so that no digit of an amount is lost.
public enum JSONValue: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number as it was written, for example `1.50` or `1e3`.
    case number(String)
    /// A string without its escapes.
    case string(String)
    case array([JSONValue])
    /// An object. Members keep the order of the text; names are unique.
    case object([JSONMember])
}

/// A name and its value in an object.
public struct JSONMember: Sendable, Hashable {
    /// The name, without escapes.
    public let name: String
    public let value: JSONValue

    public init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

extension JSONValue {
    /// The member of that name, compared byte by byte; nil if there is none or if this is no object.
    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        // A text in other bytes that `==` calls equal to an ASCII name is longer, such as a Kelvin sign for K. So the lengths settle it.
        let count = name.utf8.count
        let isASCII = count == name.utf16.count
        return members.first { $0.name.utf8.count == count && $0.name == name && (isASCII || $0.name.utf8.elementsEqual(name.utf8)) }?.value
    }

    /// The member of that name; nil if it is missing or `null`.
    public func given(_ name: String) -> JSONValue? { self[name].flatMap { $0.isNull ? nil : $0 } }

    /// The text of a string.
    public var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The number, if it is written as an integer (no fraction, no exponent) and fits.
    public var integer: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }

    /// The text of a number, as written.
    public var number: String? { if case .number(let text) = self { text } else { nil } }

    public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    public var object: [JSONMember]? { if case .object(let members) = self { members } else { nil } }

    /// The value of `true` or `false`.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// Whether this is `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }

    /// The JSON text of this value, without spaces. Numbers keep their text.
    public var serialized: String { JSONWriter.value(self) }
}
