public import JSON

/// Why a stored order, event or quote could not be read.
public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was read, for example `quote`.
    public let record: String
    /// The member that is missing or of the wrong kind; nil where the text is no JSON object.
    public let field: String?

    /// Safe to log: it holds none of the content.
    public var description: String {
        field.map { "\(record): \($0) is missing or of the wrong kind" } ?? "\(record): not a JSON object"
    }
}

/// Reads the members of one stored object.
struct Record {
    private let name: String
    private let value: JSONValue

    init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }

    static func parse(_ name: String, _ text: String) throws(RecordError) -> JSONValue {
        guard let value = try? JSONValue.parse(text), value.object != nil else { throw RecordError(record: name, field: nil) }
        return value
    }

    func text(_ field: String) throws(RecordError) -> String {
        try required(field, value[field]?.string)
    }

    func optionalText(_ field: String) throws(RecordError) -> String? {
        try optional(field) { $0.string }
    }

    func number(_ field: String) throws(RecordError) -> String {
        try required(field, value[field]?.number)
    }

    func integer(_ field: String, in range: ClosedRange<Int>) throws(RecordError) -> Int {
        try required(field, value[field]?.integer.map { Int($0) }.flatMap { range.contains($0) ? $0 : nil })
    }

    func optionalInteger(_ field: String) throws(RecordError) -> Int? {
        try optional(field) { $0.integer.map { Int($0) } }
    }

    func milliseconds(_ field: String) throws(RecordError) -> UInt64 {
        try required(field, value[field]?.integer.flatMap { UInt64(exactly: $0) })
    }

    func optionalMilliseconds(_ field: String) throws(RecordError) -> UInt64? {
        try optional(field) { $0.integer.flatMap { UInt64(exactly: $0) } }
    }

    func units(_ field: String) throws(RecordError) -> BaseUnits {
        try required(field, value[field]?.string.flatMap { BaseUnits(units: $0) })
    }

    func optionalUnits(_ field: String) throws(RecordError) -> BaseUnits? {
        try optional(field) { $0.string.flatMap { BaseUnits(units: $0) } }
    }

    func optionalBool(_ field: String) throws(RecordError) -> Bool? {
        try optional(field) { $0.bool }
    }

    func id(_ field: String) throws(RecordError) -> OrderID {
        try required(field, value[field]?.string.flatMap { OrderID(parsing: $0) })
    }

    func choice<T: RawRepresentable<String>>(_ field: String) throws(RecordError) -> T {
        try required(field, value[field]?.string.flatMap { T(rawValue: $0) })
    }

    func object(_ field: String) throws(RecordError) -> JSONValue {
        try required(field, value[field].flatMap { $0.object == nil ? nil : $0 })
    }

    /// A member that may be missing or null; anything else must be of the right kind.
    func optional<T>(_ field: String, _ read: (JSONValue) -> T?) throws(RecordError) -> T? {
        guard let member = value[field], !member.isNull else { return nil }
        return try required(field, read(member))
    }

    private func required<T>(_ field: String, _ read: T?) throws(RecordError) -> T {
        guard let read else { throw RecordError(record: name, field: field) }
        return read
    }
}

extension BaseUnits: JSONWritable {
    /// Writes the units as a string of digits, as the API has all base units.
    public func write(to writer: inout JSONWriter) { writer.value(string: description) }
}

extension OrderID: JSONWritable {
    /// Writes the text.
    public func write(to writer: inout JSONWriter) { writer.value(string: description) }
}
