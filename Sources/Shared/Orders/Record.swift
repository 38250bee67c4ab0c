import JSON

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

    func unsigned(_ field: String) throws(RecordError) -> UInt64 {
        try required(field, value[field]?.integer.flatMap { UInt64(exactly: $0) })
    }

    func optionalUnsigned(_ field: String) throws(RecordError) -> UInt64? {
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

    /// An object that may be missing or null.
    func optionalObject<T>(_ field: String, _ read: (JSONValue) throws(RecordError) -> T) throws(RecordError) -> T? {
        guard let member = value[field], !member.isNull else { return nil }
        return try read(member)
    }

    /// An array that may be missing or null.
    func optionalList<T>(_ field: String, _ read: (JSONValue) throws(RecordError) -> T) throws(RecordError) -> [T]? {
        guard let elements = try optional(field, { $0.array }) else { return nil }
        var list: [T] = []
        for element in elements { list.append(try read(element)) }
        return list
    }

    private func required<T>(_ field: String, _ read: T?) throws(RecordError) -> T {
        guard let read else { throw .missing(field, of: name) }
        return read
    }
}
