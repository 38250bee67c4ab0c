public import Postgres

/// How far a server of Postgres is in the log of all changes.
public struct LogPosition: Sendable, Equatable {
    /// The number of the database cluster: a standby has that of its primary.
    public let system: String
    /// Bytes from the beginning of the log. On a standby, as far as it has been applied: a read sees all that was written up to there.
    public let bytes: UInt64

    /// A position by its parts.
    public init(system: String, bytes: UInt64) {
        self.system = system
        self.bytes = bytes
    }
}

extension OrderStore {
    /// The position of the server: what a primary has written, or what a standby has applied. Nil if it does not tell.
    /// Throws the reason if it cannot be asked.
    public func position() async throws(PostgresError) -> LogPosition? {
        let row = try await pool.query(Self.position, expecting: ["system", "bytes"], timeout: .seconds(2)).first
        guard let system = row?["system"], let bytes = row?["bytes"].flatMap({ UInt64($0) }) else { return nil }
        return LogPosition(system: system, bytes: bytes)
    }

    private static let position = """
        SELECT
            system_identifier AS system,
            (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0')::bigint AS bytes
        FROM pg_control_system()
        """
}
