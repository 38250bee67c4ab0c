internal import CLibpq
internal import EventLoop

/// Whether the sessions of a pool keep statements prepared. When one session finds its statement gone, all stop keeping them: a pooler is handing
/// sessions around.
@ServiceActor
final class StatementMemory {
    var isKept = true
}

extension PostgresConnection {
    /// Checks the server that the connection has reached, and sets the limits of the session. Throws `refused` if the engine can never work there.
    ///
    /// A pooler such as PgBouncer may give each transaction another session. It is recognised by its process id, which is not that of the server.
    /// Behind a pooler nothing is kept in a session: no prepared statement, and no limit, because the next client would get it.
    func setUp(needsWriting: Bool, within limit: Duration) async throws(PostgresError) {
        let row = try await run(script: Self.survey, timeout: limit).first
        guard let process = row?["pid"], let encoding = row?["encoding"], let readOnly = row?["read_only"] else { throw .oddResult }
        guard encoding == "UTF8" else {
            throw PostgresError(
                .refused, "the database's encoding is \(encoding), which cannot hold every text: create the database with ENCODING 'UTF8'")
        }
        guard readOnly == "off" || !needsWriting else {
            throw PostgresError(.refused, "Postgres is read-only here: it is a standby, or default_transaction_read_only is on", sqlState: "25006")
        }
        hasOwnSession = serverProcess.map { String($0) } == process
        if hasOwnSession { try await limitSession(within: limit) }
    }

    private static let survey = """
        SELECT pg_backend_pid() AS pid, current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') AS read_only
        """
}
