public import EventLoop

/// One migration: a step of the schema.
public struct PostgresMigration: Sendable, Equatable {
    /// Its place in the order: 1, 2, 3, …
    public let number: Int
    /// Its purpose, in a word or two.
    public let name: String
    /// One or more statements.
    public let sql: String

    /// A migration by its parts.
    public init(number: Int, name: String, sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }
}

/// Brings the schema of a database up to the program's version. Several programs may migrate at once: the first one works, and the others wait for
/// it.
@ServiceActor
public struct PostgresMigrator {
    /// The number of the lock within the database. No other program may use it.
    private static let lock = PostgresParameter.int(0x6f72_6465_7273)
    /// The limit for one migration. Building an index on a large table takes long.
    private static let migrationTimeout = Duration.seconds(600)

    private let pool: PostgresPool
    private let migrations: [PostgresMigration]
    private let lockTimeout: Duration

    /// A migrator for migrations in any order. `lockTimeout` limits the wait for another program that is migrating.
    public init(_ pool: PostgresPool, _ migrations: [PostgresMigration], lockTimeout: Duration = .seconds(600)) {
        self.pool = pool
        self.migrations = migrations.sorted { $0.number < $1.number }
        self.lockTimeout = lockTimeout
    }

    private enum Turn {
        case busy
        case applied(Int)
        case done
    }

    /// Applies the migrations that the database does not have, each in a transaction of its own, and returns their numbers.
    /// Throws `migrationRefused`, and changes nothing, if an applied migration was edited since, if the database has an earlier migration that this
    /// program does not know, or if a new migration comes before an applied one.
    /// or if a new migration comes before an applied one.
    public func migrate() async throws -> [Int] {
        var applied: [Int] = []
        var waiting = MonotonicInstant.now
        while true {
            switch try await pool.transaction({ try await turn(on: $0) }) {
            case .applied(let number):
                applied.append(number)
                waiting = .now
            case .done: return applied
            case .busy:
                guard waiting.elapsed < lockTimeout else {
                    throw PostgresError(
                        .timedOut, "another program has been migrating the database for over \(lockTimeout.millisecondsRoundedUp / 1000) s")
                }
                try await sleep(for: .milliseconds(Int.random(in: 50...150)))
            }
        }
    }

    /// Applies the next migration. The lock belongs to the transaction and ends with it, whatever happens to this process, even if a pooler gives
    /// each transaction another session. It is polled and not waited for, so that the wait holds up no other work.
    private func turn(on connection: PostgresConnection) async throws -> Turn {
        let locked = try await connection.query("SELECT pg_try_advisory_xact_lock($1) AS locked", [Self.lock], expecting: ["locked"])
        guard locked.first?["locked"] == "t" else { return .busy }
        // This is checked first: CREATE TABLE IF NOT EXISTS needs the right to create even if the table exists.
        let there = try await connection.query("SELECT to_regclass('schema_migrations') IS NOT NULL AS there", expecting: ["there"])
        if there.first?["there"] != "t" { try await connection.run(script: Self.table) }
        let known = try await checksums(connection)
        guard let next = try pending(known, try await history(connection)).first else { return .done }
        try await apply(next, known[next.number] ?? "", on: connection)
        return .applied(next.number)
    }

    private func apply(_ migration: PostgresMigration, _ checksum: String, on connection: PostgresConnection) async throws {
        do {
            try await connection.run(script: migration.sql, timeout: Self.migrationTimeout)
            _ = try await connection.query(
                "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1::int, $2, $3)",
                [.int(Int64(migration.number)), .text(migration.name), .text(checksum)])
        } catch {
            throw PostgresError(error.kind, "migration \(migration.number) (\(migration.name)) failed: \(error.message)", sqlState: error.sqlState)
        }
    }

    /// The migrations that the database does not have, in order. Throws if its history contradicts the program's.
    private func pending(_ known: [Int: String], _ history: [Int: (name: String, checksum: String)]) throws(PostgresError) -> [PostgresMigration] {
        for (number, entry) in history.sorted(by: { $0.key < $1.key }) {
            guard let checksum = known[number] else {
                // Migrations only add. A migration that a newer version has added does not harm this version.
                if number > (known.keys.max() ?? 0) { continue }
                throw PostgresError(
                    .migrationRefused, "the database has migration \(number) (\(entry.name)), which this program does not know: start a newer version"
                )
            }
            guard checksum == entry.checksum else {
                throw PostgresError(
                    .migrationRefused, "migration \(number) (\(entry.name)) was changed after it had been applied: restore it, and add a new one")
            }
        }
        let missing = migrations.filter { history[$0.number] == nil }
        if let first = missing.first, let last = history.keys.max(), first.number < last {
            throw PostgresError(
                .migrationRefused, "migration \(first.number) (\(first.name)) comes before \(last), which was applied: give it a higher number")
        }
        return missing
    }

    /// The server computes the checksums. Every version of it computes them in the same way.
    private func checksums(_ connection: PostgresConnection) async throws -> [Int: String] {
        let result = try await connection.query(
            """
            SELECT number, encode(sha256(convert_to(sql, 'UTF8')), 'hex') AS checksum
            FROM unnest($1::int[], $2::text[]) AS migration(number, sql)
            """, [.intArray(migrations.map { Int64($0.number) }), .textArray(migrations.map(\.sql))], expecting: ["number", "checksum"])
        let pairs = result.rows.compactMap { row in row["number"].flatMap { Int($0) }.map { ($0, row["checksum"] ?? "") } }
        guard Set(pairs.map(\.0)).count == migrations.count else {
            throw PostgresError(.migrationRefused, "two migrations of this program have the same number")
        }
        return Dictionary(pairs) { first, _ in first }
    }

    private func history(_ connection: PostgresConnection) async throws -> [Int: (name: String, checksum: String)] {
        var history: [Int: (name: String, checksum: String)] = [:]
        let rows = try await connection.query(
            "SELECT number, name, checksum FROM schema_migrations", expecting: ["number", "name", "checksum"]
        ).rows
        for row in rows { if let number = row["number"].flatMap({ Int($0) }) { history[number] = (row["name"] ?? "", row["checksum"] ?? "") } }
        return history
    }

    private static let table = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            number integer PRIMARY KEY,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
}
