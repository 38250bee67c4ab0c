internal import JSON

/// A value that a member of a stored object can have.
protocol RecordValue {
    /// Reads a member; nil if it is of another kind.
    static func read(_ json: JSONValue) throws(RecordError) -> Self?
}

/// Reads the members of one stored object. The type that a member is read into decides which kind it must have.
struct Record {
    private let name: String
    private let value: JSONValue

    init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }

    /// The object that a text holds.
    static func parse(_ name: String, _ text: some StringProtocol) throws(RecordError) -> JSONValue {
        guard let value = try? JSONValue.parse(text), value.object != nil else { throw RecordError(record: name, field: nil) }
        return value
    }

    /// A member that must be there.
    func value<T: RecordValue>(_ field: String) throws(RecordError) -> T {
        try required(field, value[field].flatMap { json throws(RecordError) in try T.read(json) })
    }

    /// A member that may be missing or null; anything else must be of the right kind.
    func optional<T: RecordValue>(_ field: String) throws(RecordError) -> T? {
        guard let member = value[field], !member.isNull else { return nil }
        return try required(field, T.read(member))
    }

    /// An integer within bounds.
    func integer(_ field: String, in range: ClosedRange<Int>) throws(RecordError) -> Int {
        let integer: Int = try value(field)
        return try required(field, range.contains(integer) ? integer : nil)
    }

    /// An integer within bounds, which may be missing or null.
    func optional(_ field: String, in range: ClosedRange<Int>) throws(RecordError) -> Int? {
        guard let integer: Int = try optional(field) else { return nil }
        return try required(field, range.contains(integer) ? integer : nil)
    }

    /// The text of a number.
    func number(_ field: String) throws(RecordError) -> String { try required(field, value[field]?.number) }

    /// A number that is written as a text, which may be missing or null.
    func optional(number field: String) throws(RecordError) -> String? {
        guard let text: String = try optional(field) else { return nil }
        return try required(field, (try? JSONValue.parse(text))?.number == text ? text : nil)
    }

    private func required<T>(_ field: String, _ read: T?) throws(RecordError) -> T {
        guard let read else { throw .missing(field, of: name) }
        return read
    }
}

extension String: RecordValue {
    static func read(_ json: JSONValue) -> String? { json.string }
}

extension Bool: RecordValue {
    static func read(_ json: JSONValue) -> Bool? { json.bool }
}

extension Int: RecordValue {
    static func read(_ json: JSONValue) -> Int? { json.integer.map { Int($0) } }
}

extension UInt64: RecordValue {
    static func read(_ json: JSONValue) -> UInt64? { json.integer.flatMap { UInt64(exactly: $0) } }
}

extension BaseUnits: RecordValue {
    static func read(_ json: JSONValue) -> BaseUnits? { json.string.flatMap { BaseUnits(units: $0) } }
}

extension OrderID: RecordValue {
    static func read(_ json: JSONValue) -> OrderID? { json.string.flatMap { OrderID(parsing: $0) } }
}

extension UserID: RecordValue {
    static func read(_ json: JSONValue) -> UserID? { json.string.map(UserID.init(stored:)) }
}

extension RecordValue where Self: RawRepresentable<String> {
    static func read(_ json: JSONValue) -> Self? { json.string.flatMap { Self(rawValue: $0) } }
}

extension EventType: RecordValue {}
extension OrderStatus: RecordValue {}
extension OrderLeg.Status: RecordValue {}
extension FailureCode: RecordValue {}

extension Array: RecordValue where Element: RecordValue {
    static func read(_ json: JSONValue) throws(RecordError) -> [Element]? {
        guard let members = json.array else { return nil }
        var elements: [Element] = []
        for member in members {
            guard let element = try Element.read(member) else { return nil }
            elements.append(element)
        }
        return elements
    }
}

/// An object that is stored within another.
protocol StoredObject: RecordValue, JSONWritable {
    init(json: JSONValue) throws(RecordError)
}

extension StoredObject {
    static func read(_ json: JSONValue) throws(RecordError) -> Self? { json.object == nil ? nil : try Self(json: json) }
}

extension Quote: StoredObject {}
extension QuoteHop: StoredObject {}
extension OrderLeg: StoredObject {}
extension OrderFailure: StoredObject {}
extension PartialFill: StoredObject {}
extension StageTimes: StoredObject {}
extension UnavailableVenue: StoredObject {}
extension Token: StoredObject {}
extension Order: StoredObject {}

/// Why a stored order, event or quote could not be read.
public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of record that was read, for example `quote`.
    public let record: String
    /// The member that is missing or of the wrong kind; nil if the text is no JSON object.
    public let field: String?

    /// A member that is missing or of the wrong kind.
    public static func missing(_ field: String, of record: String) -> RecordError { RecordError(record: record, field: field) }

    /// Safe to log: it holds none of the content.
    public var description: String { field.map { "\(record): \($0) is missing or of the wrong kind" } ?? "\(record): not a JSON object" }
}
