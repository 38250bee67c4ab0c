internal import EventLoop
internal import Orders
internal import Postgres

/// What became of the months that have to have a part.
public struct MonthsMade: Sendable, Equatable {
    /// The parts that were made.
    public internal(set) var made: [String] = []
    /// The months that stay in the default part, because it has orders of theirs.
    public internal(set) var left: [String] = []
    /// False if this role may neither make nor drop parts.
    public internal(set) var mayChange = true
}

/// What became of the parts whose last order is old enough.
public struct MonthsDropped: Sendable, Equatable {
    /// The parts that are gone with all their orders.
    public internal(set) var dropped: [String] = []
    /// The parts that stay, because one of their orders is not final.
    public internal(set) var kept: [String] = []
}

extension OrderStore {
    /// The number of the lock within the database by which one process at a time changes parts. No other program may use it.
    private nonisolated static let partsLock = PostgresParameter.int(0x6f72_6465_7274)

    /// Makes the parts of this month and of the months `ahead` where there are none. Several processes may do so at once: one works, the others find
    /// nothing to do.
    ///
    /// A month of which the default part already has orders stays there: to move them, all who read or write would have to wait until they are
    /// copied. It happens only where this was not done in time, and the months after it are made all the same.
    /// - Throws: `PostgresError`. Then nothing was made.
    public func makeMonths(ahead: Int) async throws -> MonthsMade {
        let known = try await parts()
        guard !known.schema.isEmpty, !Self.missing(known, ahead).isEmpty else { return MonthsMade() }
        guard known.mayChange else { return MonthsMade(mayChange: false) }
        return try await changingParts { connection, parts in
            var result = MonthsMade()
            for month in Self.missing(parts, ahead) {
                if try await Self.hasOrders(of: month, parts, connection) {
                    result.left.append(month.name)
                } else {
                    try await Self.make(month, in: parts.schema, on: connection)
                    result.made.append(month.name)
                }
            }
            return result
        } ?? MonthsMade()
    }

    /// Drops each part whose last order was accepted longer than `age` ago. A part with an order that is not final stays whole.
    ///
    /// Each part is a transaction of its own. It waits at most two seconds for those who use the table, who then wait for it for milliseconds.
    /// - Throws: `PostgresError`. What was dropped before stays so.
    public func dropMonths(olderThan age: Duration) async throws -> MonthsDropped {
        let known = try await parts()
        var result = MonthsDropped()
        guard known.mayChange else { return result }
        for part in known.parts where part.ends(before: known.cutoff(age.millisecondsRoundedUp)) {
            switch try await drop(part) {
            case true?: result.dropped.append(part.name)
            case false?: result.kept.append(part.name)
            case nil: break
            }
        }
        return result
    }

    /// Deletes up to `limit` final orders that were accepted longer than `age` ago, the oldest first, from the parts that have no beginning and so
    /// never become old as a whole. One transaction.
    /// - Returns: how many were deleted, fewer than `limit` if none is left or another process is at it.
    /// - Throws: `PostgresError`.
    public func deleteOrders(olderThan age: Duration, limit: Int) async throws -> Int {
        let known = try await parts()
        guard known.mayChange else { return 0 }
        return try await changingParts { connection, parts in
            let cutoff = PostgresParameter.text(parts.cutoff(age.millisecondsRoundedUp).description)
            var deleted = 0
            for part in parts.parts where part.lower == nil && deleted < limit {
                deleted += try await connection.query(Self.delete(from: part), [cutoff, .int(Int64(limit - deleted))]).affectedRows
            }
            return deleted
        } ?? 0
    }
}

extension OrderStore {
    private func parts() async throws -> OrderParts {
        OrderParts(try await pool.query(OrderParts.survey, expecting: OrderParts.columns).rows)
    }

    /// Runs `body` as the only one that changes parts, with the parts as they are by then. Nil if another process is changing them. All limits
    /// belong to the transaction, so that a pooler hands none of them on.
    private func changingParts<Value>(_ body: @ServiceActor (PostgresConnection, OrderParts) async throws -> Value) async throws -> Value? {
        try await pool.transaction { connection in
            let locked = try await connection.query("SELECT pg_try_advisory_xact_lock($1) AS locked", [Self.partsLock], expecting: ["locked"])
            guard locked.first?["locked"] == "t" else { return nil }
            // A part of millions of orders must not be read whole under a lock because Postgres has no statistics of it.
            try await connection.run(script: "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '5s'; SET LOCAL enable_seqscan = off")
            return try await body(connection, OrderParts(try await connection.query(OrderParts.survey, expecting: OrderParts.columns).rows))
        }
    }

    /// The months from this one on that have no part.
    private nonisolated static func missing(_ parts: OrderParts, _ ahead: Int) -> [OrderMonth] {
        var months = [OrderMonth(at: parts.now)]
        for _ in 0..<ahead { months.append(months[months.count - 1].next) }
        return months.filter { month in !parts.parts.contains { $0.overlaps(month) } }
    }

    private static func hasOrders(of month: OrderMonth, _ parts: OrderParts, _ connection: PostgresConnection) async throws -> Bool {
        guard let rest = parts.parts.first(where: \.isDefault) else { return false }
        let sql = "SELECT FROM \(rest.name) WHERE order_id >= $1::uuid AND order_id < $2::uuid LIMIT 1"
        return try await connection.query(sql, [.text(month.lowest), .text(month.next.lowest)]).affectedRows > 0
    }

    /// A table that is attached lets others read and write meanwhile; one that is made as a part would not.
    private static func make(_ month: OrderMonth, in schema: String, on connection: PostgresConnection) async throws {
        try await connection.run(
            script: """
                CREATE TABLE \(schema).\(month.name) (LIKE \(schema).order_rows INCLUDING ALL);
                ALTER TABLE \(schema).order_rows ATTACH PARTITION \(schema).\(month.name)
                    FOR VALUES FROM ('\(month.lowest)') TO ('\(month.next.lowest)')
                """)
    }

    /// Drops a part unless it has an order that is not final. Returns whether it did; nil if the part is gone, or another process is changing parts.
    private func drop(_ part: OrderPart) async throws -> Bool? {
        try await changingParts { connection, parts -> Bool? in
            guard parts.parts.contains(part) else { return nil }
            // Looked at without a lock first: a part that stays must not make others wait at each look.
            guard try await connection.query(Self.open(part)).first == nil else { return false }
            // Writers lock the whole before a part, so this comes in the same order.
            try await connection.run(script: "LOCK TABLE ONLY \(parts.schema).order_rows, ONLY \(part.name) IN ACCESS EXCLUSIVE MODE")
            guard try await connection.query(Self.open(part)).first == nil else { return false }
            try await connection.run(script: "DROP TABLE \(part.name)")
            return true
        } ?? nil
    }

    private nonisolated static func open(_ part: OrderPart) -> String {
        "SELECT order_id FROM \(part.name) WHERE status NOT IN ('confirmed', 'failed', 'cancelled', 'expired') ORDER BY order_id LIMIT 1"
    }

    /// An array is computed once. A plan may read a subquery once for each row, which would lock and delete more than the limit.
    private nonisolated static func delete(from part: OrderPart) -> String {
        """
        DELETE FROM \(part.name) WHERE order_id = ANY (ARRAY(
            SELECT order_id FROM \(part.name)
            WHERE order_id < $1::uuid AND status IN ('confirmed', 'failed', 'cancelled', 'expired')
            ORDER BY order_id LIMIT $2::integer
            FOR UPDATE SKIP LOCKED))
        """
    }
}
