extension JSONWriter {
    public mutating func field(_ name: String, _ value: some JSONWritable) {
        self.name(name)
        value.write(to: &self)
    }

    /// Writes a member if there is a value; otherwise nothing.
    public mutating func field(_ name: String, ifPresent value: (some JSONWritable)?) { if let value { field(name, value) } }

    /// Writes a member; `null` if there is no value.
    public mutating func field(_ name: String, orNull value: (some JSONWritable)?) { if let value { field(name, value) } else { raw(name, "null") } }

    /// Writes a member whose value is a number given as text, such as `145.48`. The caller guarantees that it is a number.
    public mutating func number(_ name: String, _ text: String) { raw(name, text) }

    /// Writes a member whose value is JSON text, unchanged. The caller guarantees that it is valid.
    public mutating func raw(_ name: String, _ text: String) {
        self.name(name)
        value(raw: text)
    }

    /// Writes members that `JSONWriter.members` made; nothing if the text is empty.
    public mutating func splice(_ members: String) { if !members.isEmpty { value(raw: members) } }

    /// Writes a member whose value is an object.
    public mutating func object<E: Error>(_ name: String, _ members: (inout JSONWriter) throws(E) -> Void) throws(E) {
        self.name(name)
        try object(members)
    }

    /// Writes a member whose value is an array.
    public mutating func array<E: Error>(_ name: String, _ elements: (inout JSONWriter) throws(E) -> Void) throws(E) {
        self.name(name)
        try array(elements)
    }
}
