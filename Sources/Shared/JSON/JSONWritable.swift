/// A value that a `JSONWriter` can write as one JSON value.
public protocol JSONWritable {
    func write(to writer: inout JSONWriter)
}

extension String: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.value(string: self) }
}

extension Bool: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.value(raw: self ? "true" : "false") }
}

extension Int: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.value(integer: self) }
}

extension Int64: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.value(integer: Int(self)) }
}

extension UInt64: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.value(raw: String(self)) }
}

extension Array: JSONWritable where Element: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.array { for element in self { element.write(to: &$0) } } }
}

extension JSONValue: JSONWritable {
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.value(raw: "null")
        case .bool(let value): value.write(to: &writer)
        case .number(let text): writer.value(raw: text)
        case .string(let text): writer.value(string: text)
        case .array(let elements): elements.write(to: &writer)
        case .object(let members):
            writer.object { for member in members { $0.field(member.name, member.value) } }
        }
    }
}
