internal import CLibpq
internal import EventLoop

/// Whether the sessions of a pool keep statements prepared. One that finds its statement gone ends it for all: somebody hands sessions around.
@ServiceActor
final class StatementMemory {
    var isKept = true
}

extension PostgresConnection {
    /// Looks at whom the connection has reached, and sets the limits of the session. Throws `refused` where the engine can never work there.
    ///
    /// A pooler such as PgBouncer, which may give each transaction another session, is known by its own process id: the server's is another one.
    /// There nothing is kept in a session: no prepared statement, and no limit, which would be the next client's.
    func setUp(needsWriting: Bool, within limit: Duration) async throws(PostgresError) {
        let row = try await run(script: Self.survey, timeout: limit).first
        guard let process = row?["pid"], let encoding = row?["encoding"], let readOnly = row?["read_only"] else { throw .oddResult }
        guard encoding == "UTF8" else {
            throw PostgresError(
                .refused, "the database's encoding is \(encoding), which cannot hold every text: create the database with ENCODING 'UTF8'")
        }
        guard readOnly == "off" || !needsWriting else {
            throw PostgresError(
                .refused, "Postgres is read-only here: it is a standby, or default_transaction_read_only is on", sqlState: "25006")
        }
        hasOwnSession = serverProcess.map { String($0) } == process
        if hasOwnSession { try await limitSession(within: limit) }
    }

    private static let survey = """
        SELECT pg_backend_pid() AS pid, current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') AS read_only
        """
}
