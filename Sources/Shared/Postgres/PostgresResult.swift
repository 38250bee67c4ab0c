internal import CLibpq

/// The result of a command: rows of texts, in the server's text form.
public struct PostgresResult: Sendable {
    /// The names of the columns.
    public let columns: [String]
    public let rows: [PostgresRow]
    /// How many rows an INSERT, UPDATE or DELETE has changed, or a SELECT has found.
    public let affectedRows: Int
    /// The server's description of what it has done, such as `INSERT 0 5`.
    let command: String

    static let empty = PostgresResult(columns: [], rows: [], affectedRows: 0, command: "")

    public var first: PostgresRow? { rows.first }
}

/// A row of a result.
public struct PostgresRow: Sendable {
    /// The values in the order of the columns; nil is NULL.
    public let values: [String?]
    let positions: [String: Int]

    /// The value of a column by its name; nil if it is NULL or if there is no such column. A statement that names the columns it expects never gives
    /// a row without them.
    public subscript(_ column: String) -> String? { positions[column].flatMap { values[$0] } }

    /// The value of a column by its position from 0; nil if it is NULL, and nil beyond the last column.
    public subscript(_ position: Int) -> String? { values.indices.contains(position) ? values[position] : nil }
}

extension PostgresResult {
    init(_ result: OpaquePointer) {
        let width = PQnfields(result)
        columns = (0..<width).map { String(cString: PQfname(result, $0)) }
        // If two columns have the same name, the first counts.
        let positions = Dictionary(columns.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        rows = (0..<PQntuples(result)).map { row in
            PostgresRow(values: (0..<width).map { Self.value(result, row, $0) }, positions: positions)
        }
        affectedRows = Int(String(cString: PQcmdTuples(result))) ?? 0
        command = String(cString: PQcmdStatus(result))
    }

    private static func value(_ result: OpaquePointer, _ row: Int32, _ column: Int32) -> String? {
        guard PQgetisnull(result, row, column) == 0 else { return nil }
        let length = Int(PQgetlength(result, row, column))
        return PQgetvalue(result, row, column).withMemoryRebound(to: UInt8.self, capacity: length) {
            String(decoding: UnsafeBufferPointer(start: $0, count: length), as: UTF8.self)
        }
    }
}
