/// Writes JSON without spaces into a byte buffer. The writer sets the commas. Names must be unique; the writer does not check this.
///
/// ```swift
/// let text = JSONWriter.object {
///     $0.field("id", "a")
///     $0.object("quote") { $0.number("price", "145.48") }
/// }
/// ```
public struct JSONWriter: Sendable {
    /// The text that was written so far, as UTF-8.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty writer; `capacity` bytes are reserved.
    public init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    /// The text that was written so far.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The text of one object.
    public static func object<E: Error>(_ members: (inout JSONWriter) throws(E) -> Void) throws(E) -> String {
        var writer = JSONWriter()
        try writer.object(members)
        return writer.text
    }

    /// The text of one array; each value written in `elements` is an element.
    public static func array<E: Error>(_ elements: (inout JSONWriter) throws(E) -> Void) throws(E) -> String {
        var writer = JSONWriter()
        try writer.array(elements)
        return writer.text
    }

    /// The text of members without the braces, `"a":1,"b":"x"`, to be joined to others by a comma; empty if there are none.
    public static func members<E: Error>(_ members: (inout JSONWriter) throws(E) -> Void) throws(E) -> String {
        var writer = JSONWriter()
        try members(&writer)
        return writer.text
    }

    /// The text of one value.
    public static func value(_ value: some JSONWritable) -> String {
        var writer = JSONWriter()
        value.write(to: &writer)
        return writer.text
    }

    /// Writes an object as a value.
    public mutating func object<E: Error>(_ members: (inout JSONWriter) throws(E) -> Void) throws(E) {
        try enclose(UInt8(ascii: "{"), UInt8(ascii: "}"), members)
    }

    /// Writes an array as a value; each value written in `elements` is an element.
    public mutating func array<E: Error>(_ elements: (inout JSONWriter) throws(E) -> Void) throws(E) {
        try enclose(UInt8(ascii: "["), UInt8(ascii: "]"), elements)
    }

    private mutating func enclose<E: Error>(
        _ open: UInt8, _ close: UInt8, _ content: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        separate()
        bytes.append(open)
        needsComma = false
        try content(&self)
        bytes.append(close)
        needsComma = true
    }

    /// Writes a string as a value, escaped.
    public mutating func value(string text: String) {
        separate()
        append(escaping: text)
    }

    /// Writes an integer as a value.
    public mutating func value(integer value: Int) {
        separate()
        if value >= 0 && value < 10 {
            bytes.append(UInt8(ascii: "0") + UInt8(value))
        } else {
            bytes.append(contentsOf: String(value).utf8)
        }
    }

    /// Writes JSON text as a value, unchanged. The caller guarantees that it is valid.
    public mutating func value(raw text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    /// Writes the name of a member; its value must follow.
    public mutating func name(_ name: String) {
        separate()
        append(escaping: name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes the comma before a value or name, if one is due.
    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func append(escaping text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            for (index, byte) in utf8.enumerated() where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<index]))
                appendEscape(byte)
                start = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0..<0x20:
            let digits = String(byte, radix: 16)
            bytes.append(contentsOf: (digits.utf8.count == 1 ? "u000" : "u00").utf8)
            bytes.append(contentsOf: digits.utf8)
        default: bytes.append(byte)
        }
    }
}
