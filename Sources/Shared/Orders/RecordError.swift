/// Why a stored order, event or quote could not be read.
public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was read, for example `quote`.
    public let record: String
    /// The member that is missing or of the wrong kind; nil where the text is no JSON object.
    public let field: String?

    /// A member that is missing or of the wrong kind.
    public static func missing(_ field: String, of record: String) -> RecordError {
        RecordError(record: record, field: field)
    }

    /// Safe to log: it holds none of the content.
    public var description: String {
        field.map { "\(record): \($0) is missing or of the wrong kind" } ?? "\(record): not a JSON object"
    }
}
