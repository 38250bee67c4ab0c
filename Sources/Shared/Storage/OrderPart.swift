internal import Orders
internal import Postgres

/// A calendar month in UTC. It is a range of order ids, because an id begins with its time.
struct OrderMonth: Equatable {
    /// Its year and number: `2026-11`.
    private let text: String

    /// The month of a time in Unix milliseconds.
    init(at milliseconds: UInt64) { text = String(Timestamp.text(milliseconds: milliseconds).prefix(7)) }

    private var start: UInt64 { Timestamp.parse("\(text)-01T00:00:00Z").flatMap { UInt64(exactly: $0) } ?? 0 }

    var next: OrderMonth { OrderMonth(at: start + 32 * 86_400_000) }
    /// The name of its part: `order_rows_2026_11`.
    var name: String { "order_rows_" + text.replacing("-", with: "_") }
    /// The id below which the ids of earlier months are.
    var lowest: String { OrderID.lowest(at: start).description }
}

/// A part of the table of orders: those whose ids are from `lower` on and below `upper`. Ids in canonical form compare as their texts.
struct OrderPart: Equatable {
    /// The name as a statement has it, with its schema where that is needed.
    let name: String
    /// Nil for no limit.
    let lower: String?
    /// Nil for no limit.
    let upper: String?
    /// Whether it has all orders that belong to no other part.
    let isDefault: Bool

    /// Reads Postgres' own text of the limits: `FOR VALUES FROM (MINVALUE) TO ('019b…')`, or `DEFAULT`.
    init(name: String, bound: String) {
        self.name = name
        isDefault = bound == "DEFAULT"
        let ends = bound.split(separator: " TO ", maxSplits: 1)
        lower = ends.first.flatMap(Self.id)
        upper = ends.count > 1 ? Self.id(in: ends[1]) : nil
    }

    func overlaps(_ month: OrderMonth) -> Bool {
        !isDefault && lower.map { $0 < month.next.lowest } ?? true && upper.map { $0 > month.lowest } ?? true
    }

    /// Whether all its ids are below one.
    func ends(before id: OrderID) -> Bool { upper.map { $0 <= id.description } ?? false }

    private static func id(in text: Substring) -> String? {
        let parts = text.split(separator: "'")
        return parts.count == 3 ? String(parts[1]) : nil
    }
}

/// The parts of the table of orders as they are now.
struct OrderParts {
    private(set) var parts: [OrderPart] = []
    /// The schema of the table, as a statement has it. Empty if the table is not divided into parts.
    private(set) var schema = ""
    /// Whether this role may make and drop parts.
    private(set) var mayChange = false
    /// The time of Postgres in Unix milliseconds.
    private(set) var now: UInt64 = 0

    /// Reads them from the rows of `survey`. There is none if the table is not divided.
    init(_ rows: [PostgresRow]) {
        for row in rows {
            schema = row["schema"] ?? ""
            mayChange = row["may_change"] == "t"
            now = row["now"].flatMap { UInt64($0) } ?? 0
            if let name = row["name"], let bound = row["bound"] { parts.append(OrderPart(name: name, bound: bound)) }
        }
    }

    /// The lowest id of what is not older than an age.
    func cutoff(_ milliseconds: Int64) -> OrderID { OrderID.lowest(at: now - min(now, UInt64(clamping: milliseconds))) }

    static let columns = ["schema", "may_change", "now", "name", "bound"]

    static let survey = """
        SELECT
            p.relnamespace::regnamespace AS schema, c.oid::regclass AS name, pg_get_expr(c.relpartbound, c.oid) AS bound,
            pg_has_role(p.relowner, 'USAGE') AND has_schema_privilege(p.relnamespace, 'CREATE') AS may_change,
            round(extract(epoch FROM now()) * 1000)::bigint AS now
        FROM pg_class p LEFT JOIN pg_inherits i ON i.inhparent = p.oid LEFT JOIN pg_class c ON c.oid = i.inhrelid
        WHERE p.oid = to_regclass('order_rows') AND p.relkind = 'p'
        """
}
