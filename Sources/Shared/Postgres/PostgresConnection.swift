internal import CLibpq
public import EventLoop

/// A connection to the server, for one command at a time. A pool makes them; a transaction's body gets one.
///
/// Any failure that leaves the answer to a command open ends the connection: nobody can tell what a later answer belongs to.
@ServiceActor
public final class PostgresConnection {
    /// Statements kept prepared on the server. The texts are constants of the program; one that builds its texts runs unprepared beyond this.
    private static let preparedStatementsBound = 256

    private var handle: OpaquePointer?
    private var poll: PollHandle?
    private var reply: Promise<PostgresResult>?
    private var outcome: Result<PostgresResult, PostgresError>?
    private var endedBy: PostgresError?
    private let deadline = LoopTimer()
    private var prepared: [String: String] = [:]
    private var statementsPrepared = 0
    /// Part of each statement's name: behind a pooler the name must not be another client's.
    private let namesPrefix = "e" + String(UInt64.random(in: .min ... .max), radix: 36)
    private let memory: StatementMemory
    /// Whether the session on the server is this connection's alone, from its beginning to its end.
    var hasOwnSession = false
    /// What `statement_timeout` is on the server.
    private var serverLimit: Int64
    private let defaultLimit: Duration
    /// Completed when the connection has ended, for whatever reason.
    let ended = Promise<Void>()

    /// Takes over a handle that is connected and non-blocking.
    init(_ handle: OpaquePointer, statementTimeout: Duration, memory: StatementMemory) throws(PostgresError) {
        self.handle = handle
        self.memory = memory
        defaultLimit = statementTimeout
        serverLimit = 0
        do { poll = try PollHandle(descriptor: PQsocket(handle)) } catch { throw PostgresError(.unavailable, "Postgres could not be reached") }
        poll?.watch(.readable) { [unowned self] in self.ready($0) }
    }

    isolated deinit { close() }

    /// Whether commands can be sent.
    public var isOpen: Bool { handle != nil }

    /// Whether a command waits for its answer.
    var isBusy: Bool { reply != nil }

    /// Whether the server is in a transaction block, a failed one included.
    var isInTransaction: Bool { handle.map { PQtransactionStatus($0) != PQTRANS_IDLE } ?? false }

    /// The process that serves this connection, as the other side of the socket calls itself.
    var serverProcess: Int32? { handle.map { PQbackendPID($0) } }

    /// Runs one statement, prepared on its first use where the session is this connection's own. The limit defaults to the pool's statement time-out.
    ///
    /// - Parameter columns: what the result has to have. One without them is another statement's: it ends the connection.
    public func query(
        _ sql: String, _ parameters: [PostgresParameter] = [], expecting columns: [String] = [], timeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresResult {
        let result = try await result(of: sql, parameters, timeout)
        guard columns.allSatisfy(result.columns.contains) else {
            end(.oddResult)
            throw .oddResult
        }
        return result
    }

    private func result(
        of sql: String, _ parameters: [PostgresParameter], _ timeout: Duration?
    ) async throws(PostgresError) -> PostgresResult {
        let encoded = try EncodedParameters(parameters)
        let limit = timeout ?? defaultLimit
        try await raiseServerLimit(to: limit)
        guard let name = try await prepare(sql, within: limit) else {
            return try await exchange(within: limit) { handle in
                encoded.withValues { PQsendQueryParams(handle, sql, encoded.count, nil, $0, nil, nil, 0) } == 1
            }
        }
        do {
            return try await exchange(within: limit) { handle in
                encoded.withValues { PQsendQueryPrepared(handle, name, encoded.count, $0, nil, nil, 0) } == 1
            }
        } catch {
            // Its columns have changed under it: the next use prepares anew.
            if error.sqlState == "0A000" { prepared[sql] = nil }
            // It is gone with a session that was never ours alone.
            if error.sqlState == "26000" { memory.isKept = false }
            throw error
        }
    }

    /// Runs one or several statements without parameters, for example a migration. Gives the result of the last one.
    @discardableResult
    public func run(script: String, timeout: Duration? = nil) async throws(PostgresError) -> PostgresResult {
        let limit = timeout ?? defaultLimit
        try await raiseServerLimit(to: limit)
        return try await exchange(within: limit) { PQsendQuery($0, script) == 1 }
    }

    /// Ends the connection. A command under way fails, and the server rolls an open transaction back.
    public func close() { end(.closed) }

    private func prepare(_ sql: String, within limit: Duration) async throws(PostgresError) -> String? {
        guard hasOwnSession, memory.isKept else { return nil }
        if let name = prepared[sql] { return name }
        guard prepared.count < Self.preparedStatementsBound else { return nil }
        statementsPrepared += 1
        let name = "\(namesPrefix)_\(statementsPrepared)"
        _ = try await exchange(within: limit) { PQsendPrepare($0, name, sql, 0, nil) == 1 }
        prepared[sql] = name
        return name
    }

    /// Tells the server how long a statement may take, so that it stops work nobody waits for.
    /// Only ever raised: our own deadline covers shorter ones.
    private func raiseServerLimit(to limit: Duration) async throws(PostgresError) {
        let milliseconds = max(1, limit.millisecondsRoundedUp)
        guard hasOwnSession, milliseconds > serverLimit else { return }
        // A setting made inside a transaction is undone by its rollback.
        let isLasting = !isInTransaction
        _ = try await exchange(within: defaultLimit) { PQsendQuery($0, "SET statement_timeout = \(milliseconds)") == 1 }
        if isLasting { serverLimit = milliseconds }
    }

    /// Sets the limits of the session. One whose process is frozen inside a transaction must not hold its locks for ever.
    func limitSession(within limit: Duration) async throws(PostgresError) {
        let milliseconds = max(1, defaultLimit.millisecondsRoundedUp)
        _ = try await exchange(within: limit) {
            PQsendQuery($0, "SET statement_timeout = \(milliseconds); SET idle_in_transaction_session_timeout = 60000") == 1
        }
        serverLimit = milliseconds
    }
}

extension PostgresConnection {
    /// The server's own limit comes first; the connection is given up only when the server doesn't answer even then.
    private static let grace = Duration.milliseconds(250)

    /// Sends a command and waits for all of its results.
    private func exchange(
        within limit: Duration, _ send: (OpaquePointer) -> Bool
    ) async throws(PostgresError) -> PostgresResult {
        // Commands before this one; looked at again after each wait, with nothing awaited between the look and taking the place.
        while let current = self.reply, !Task.isCancelled { _ = try? await current.value }
        guard !Task.isCancelled else { throw .cancelled }
        guard let handle else { throw endedBy ?? .closed }
        let reply = Promise<PostgresResult>()
        self.reply = reply
        outcome = nil
        deadline.start(after: limit + Self.grace) { [unowned self] in end(.timedOut(limit.millisecondsRoundedUp)) }
        if send(handle) { flush() } else { end(.lost) }
        do {
            return try await reply.value
        } catch let error as PostgresError {
            throw error
        } catch {
            end(.cancelled)
            throw .cancelled
        }
    }

    private func ready(_ events: PollHandle.Events) {
        guard let handle else { return }
        if events.contains(.readable), PQconsumeInput(handle) == 0 { return lose() }
        guard flush() else { return }
        guard reply != nil else {
            // Without a command there are notices only, and the word of a server that is about to close.
            _ = PQisBusy(handle)
            if PQstatus(handle) == CONNECTION_BAD { end(.lost) }
            return
        }
        while PQisBusy(handle) == 0 {
            guard let result = PQgetResult(handle) else { return finish() }
            collect(result)
            PQclear(result)
            if self.handle == nil { return }
        }
    }

    /// Sends what libpq holds; false when the connection has ended over it.
    @discardableResult
    private func flush() -> Bool {
        guard let handle else { return false }
        switch PQflush(handle) {
        case 0: poll?.update(.readable)
        case 1: poll?.update([.readable, .writable])
        default:
            // The server may have said why before it closed.
            if PQconsumeInput(handle) == 0 || PQstatus(handle) == CONNECTION_BAD { end(.lost) }
        }
        return self.handle != nil
    }

    /// Keeps the last result, or the first error.
    private func collect(_ result: OpaquePointer) {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            if case .failure = outcome { return }
            outcome = .success(PostgresResult(result))
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            // libpq would give this result for ever.
            end(PostgresError(.server(sqlState: "0A000"), "COPY is not supported"))
        default:
            if case .failure = outcome { return }
            let error = PostgresError(result: result, connectionIsBad: handle.map { PQstatus($0) == CONNECTION_BAD } ?? true)
            outcome = .failure(error)
            if error.kind == .connectionLost || error.endsSession { end(error) }
        }
    }

    private func finish() {
        deadline.stop()
        let reply = self.reply
        self.reply = nil
        switch outcome ?? .failure(.lost) {
        case .success(let result): reply?.succeed(result)
        case .failure(let error): reply?.fail(error)
        }
    }

    /// Ends a connection that is gone. The server, or a pooler, may have said why before it closed, and that has arrived with the end.
    private func lose() {
        guard reply != nil, let handle else { return end(.lost) }
        var error = PostgresError.lost
        for _ in 0..<8 where error.sqlState == nil {
            guard let result = PQgetResult(handle) else { break }
            if PQresultStatus(result) == PGRES_FATAL_ERROR { error = PostgresError(result: result, connectionIsBad: true) }
            PQclear(result)
        }
        end(error)
    }

    private func end(_ error: PostgresError) {
        guard let handle else { return }
        self.handle = nil
        endedBy = error
        deadline.stop()
        // The descriptor must not be closed while it is watched.
        poll?.close()
        poll = nil
        PQfinish(handle)
        let reply = self.reply
        self.reply = nil
        reply?.fail(error)
        ended.succeed(())
    }
}
