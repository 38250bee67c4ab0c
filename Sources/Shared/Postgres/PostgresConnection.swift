internal import CLibpq
public import EventLoop

/// A connection to the server, for one command at a time. A pool makes connections; the body of a transaction gets one.
///
/// Any failure that leaves the answer to a command open ends the connection: a later answer could not be matched to its command.
@ServiceActor
public final class PostgresConnection {
    /// How many statements are kept prepared on the server. The texts are constants of the program. If a program builds its texts, those beyond this
    /// number run unprepared.
    private static let preparedStatementsBound = 256

    private var handle: OpaquePointer?
    private var poll: PollHandle?
    private var reply: Promise<PostgresResult>?
    private var outcome: Result<PostgresResult, PostgresError>?
    private var endedBy: PostgresError?
    private let deadline = LoopTimer()
    private var prepared: [String: String] = [:]
    private var statementsPrepared = 0
    /// Part of each statement's name. Behind a pooler the name must not be one of another client.
    private let namesPrefix = "e" + String(UInt64.random(in: .min ... .max), radix: 36)
    private let memory: StatementMemory
    /// Whether this connection has its session on the server for itself, from beginning to end.
    var hasOwnSession = false
    /// The current `statement_timeout` on the server.
    private var serverLimit: Int64
    private let defaultLimit: Duration
    /// Completed when the connection has ended, for any reason.
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

    /// Whether the server is in a transaction block, even a failed one.
    var isInTransaction: Bool { handle.map { PQtransactionStatus($0) != PQTRANS_IDLE } ?? false }

    /// The id of the process that serves this connection, as the other side of the socket gives it.
    var serverProcess: Int32? { handle.map { PQbackendPID($0) } }

    /// Runs one statement. If the session is this connection's own, the statement is prepared on its first use. The default limit is the pool's
    /// statement time-out.
    ///
    /// - Parameter columns: the columns that the result must have. A result without them belongs to another statement, and ends the connection.
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
                encoded.withValues { PQsendQueryParams(handle, sql, encoded.count, nil, $0, encoded.lengths, encoded.formats, 0) } == 1
            }
        }
        do {
            return try await exchange(within: limit) { handle in
                encoded.withValues { PQsendQueryPrepared(handle, name, encoded.count, $0, encoded.lengths, encoded.formats, 0) } == 1
            }
        } catch {
            // Its columns have changed since. The next use prepares it again.
            if error.sqlState == "0A000" { prepared[sql] = nil }
            // It is gone, with a session that was never this connection's alone.
            if error.sqlState == "26000" { memory.isKept = false }
            throw error
        }
    }

    /// Runs one or several statements without parameters, for example a migration. Returns the result of the last one.
    @discardableResult
    public func run(script: String, timeout: Duration? = nil) async throws(PostgresError) -> PostgresResult {
        let limit = timeout ?? defaultLimit
        try await raiseServerLimit(to: limit)
        return try await exchange(within: limit) { PQsendQuery($0, script) == 1 }
    }

    /// Ends the connection. A command in flight fails, and the server rolls back an open transaction.
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

    /// Tells the server how long a statement may take, so that it stops work that nobody waits for. The limit is only ever raised: the connection's
    /// own deadline covers shorter ones.
    private func raiseServerLimit(to limit: Duration) async throws(PostgresError) {
        let milliseconds = max(1, limit.millisecondsRoundedUp)
        guard hasOwnSession, milliseconds > serverLimit else { return }
        // A setting that is made inside a transaction is undone if the transaction is rolled back.
        let isLasting = !isInTransaction
        _ = try await exchange(within: defaultLimit) { PQsendQuery($0, "SET statement_timeout = \(milliseconds)") == 1 }
        if isLasting { serverLimit = milliseconds }
    }

    /// Sets the limits of the session. If a process is frozen inside a transaction, the session must not hold its locks for ever.
    func limitSession(within limit: Duration) async throws(PostgresError) {
        let milliseconds = max(1, defaultLimit.millisecondsRoundedUp)
        _ = try await exchange(within: limit) {
            PQsendQuery($0, "SET statement_timeout = \(milliseconds); SET idle_in_transaction_session_timeout = 60000") == 1
        }
        serverLimit = milliseconds
    }
}

extension PostgresConnection {
    /// The server's own limit ends first. The connection is given up only if the server does not answer even then.
    private static let grace = Duration.milliseconds(250)

    /// Sends a command and waits for all of its results.
    private func exchange(
        within limit: Duration, _ send: (OpaquePointer) -> Bool
    ) async throws(PostgresError) -> PostgresResult {
        // Waits for earlier commands. After each wait it looks again; between the last look and taking the place nothing is awaited.
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
            // Without a command, the server sends only notices, or a last message before it closes.
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

    /// Sends the bytes that libpq holds. False if that has ended the connection.
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
            // libpq would return this result again and again.
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

    /// Ends a lost connection. The server or a pooler may have said why before it closed; that message has arrived by now.
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
