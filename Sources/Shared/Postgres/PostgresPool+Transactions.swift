internal import EventLoop

extension PostgresPool {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    ///
    /// When the answer to COMMIT is lost this throws `connectionLost`, and the transaction may or may not have been stored.
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
    /// Commits the open transaction.
    func commit() async throws(PostgresError) {
        let result: PostgresResult
        do {
            result = try await run(script: "COMMIT")
        } catch  where [.timedOut, .connectionLost, .cancelled].contains(error.kind) {
            close()
            throw PostgresError(
                .connectionLost, "the answer to COMMIT was lost: the transaction may or may not be stored", sqlState: error.sqlState)
        }
        // The answer to a COMMIT of a transaction in which a statement has failed is no error.
        guard result.command == "COMMIT" else {
            throw PostgresError(.server(sqlState: "25P02"), "the transaction was rolled back, because one of its statements had failed")
        }
    }

    /// Rolls the open transaction back; a connection on which that fails is closed, which rolls back too.
    func rollBack() async {
        do { try await run(script: "ROLLBACK") } catch { close() }
    }
}
