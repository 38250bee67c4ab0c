internal import EventLoop

extension PostgresPool {
    /// Runs `body` in a transaction. The transaction is committed when `body` returns, and rolled back when it throws.
    ///
    /// If the answer to COMMIT is lost, this throws `connectionLost`. The transaction may or may not have been stored.
    @discardableResult
    public func transaction<Value>(_ body: @ServiceActor (PostgresConnection) async throws -> Value) async throws -> Value {
        try await withConnection { connection in
            try await connection.run(script: "BEGIN")
            let value: Value
            do {
                value = try await body(connection)
            } catch {
                await connection.rollBack()
                throw error
            }
            try await connection.commit()
            return value
        }
    }
}

extension PostgresConnection {
    func commit() async throws(PostgresError) {
        let result: PostgresResult
        do {
            result = try await run(script: "COMMIT")
        } catch  where [.timedOut, .connectionLost, .cancelled].contains(error.kind) {
            close()
            throw PostgresError(.connectionLost, "the answer to COMMIT was lost: the transaction may or may not be stored", sqlState: error.sqlState)
        }
        // If a statement of the transaction has failed, the answer to COMMIT is not an error.
        guard result.command == "COMMIT" else {
            throw PostgresError(.server(sqlState: "25P02"), "the transaction was rolled back, because one of its statements had failed")
        }
    }

    /// Rolls the open transaction back. If that fails, the connection is closed, which rolls back too.
    func rollBack() async { do { try await run(script: "ROLLBACK") } catch { close() } }
}
