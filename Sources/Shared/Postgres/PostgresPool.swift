public import EventLoop

/// A fixed number of connections to one database. They are kept in the background and lent for one command or one transaction.
///
/// While no connection can be made, commands fail at once with `unavailable`. While all connections are lent, commands wait up to `waitTimeout`.
@ServiceActor
public final class PostgresPool {
    /// How many commands may wait for a connection; one more fails at once.
    private static let waitersBound = 1024
    /// A connection that lasted this long resets the backoff.
    private static let stableAfter = Duration.seconds(5)

    private let settings: ConnectionSettings
    private let size: Int
    private let waitTimeout: Duration
    private let resolver = HostNames()
    private let memory = StatementMemory()
    private let closing = Promise<Void>()
    private var open: [PostgresConnection] = []
    private var idle: [PostgresConnection] = []
    private var waiters: [(id: Int, lease: Promise<PostgresConnection>)] = []
    private var nextWaiter = 0
    /// Why no connection can be made. Nil while there is a connection, and after a loss until the first attempt has failed.
    public private(set) var failure: PostgresError?
    private var wasAvailable: Bool?
    private var complaints = Complaints()
    /// Why Postgres cannot be used: it cannot be reached, or it has refused a command lately. Nil if all is well or nothing is known.
    public var trouble: PostgresError? { open.isEmpty ? failure : complaints.current }
    /// Called for each command that the server has refused for a reason that lies in the server. For logs.
    public var onRefusal: (@ServiceActor (PostgresError) -> Void)?
    /// Called when the pool becomes available (nil) and when it turns out to be unavailable. For logs and metrics.
    public var onAvailabilityChange: (@ServiceActor (PostgresError?) -> Void)?

    /// A pool that has not connected yet. Throws `invalidConfiguration` if the URL cannot be read.
    ///
    /// - Parameters:
    ///   - url: `postgres://user:password@host:port/database`, with libpq's options.
    ///   - size: how many connections are kept; at least 1.
    ///   - name: the `application_name` that the server shows.
    ///   - needsWriting: whether a read-only server is refused.
    ///   - connectTimeout: the limit for one attempt to connect, over all addresses. A `connect_timeout` of the URL counts for each address instead.
    ///   - statementTimeout: the limit for a command that has none of its own.
    ///   - waitTimeout: the limit of the wait for a free connection.
    public init(
        url: String, size: Int, name: String, needsWriting: Bool = true,
        connectTimeout: Duration = .seconds(3), statementTimeout: Duration = .seconds(5), waitTimeout: Duration = .seconds(5)
    ) throws(PostgresError) {
        settings = ConnectionSettings(
            url: try ConnectionURL(url), name: name, connectTimeout: connectTimeout, statementTimeout: statementTimeout,
            needsWriting: needsWriting)
        self.size = max(1, size)
        self.waitTimeout = waitTimeout
    }

    /// Whether there is a connection, idle or lent.
    public var isAvailable: Bool { !open.isEmpty }

    /// The number of lent connections, and of commands that wait for one. For metrics.
    public var load: (lent: Int, waiting: Int) { (open.count - idle.count, waiters.count) }

    /// Keeps the connections until the pool is closed or the task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<size { group.addTask { await self.keepConnection() } }
        }
        close()
    }

    /// Lets running commands finish, fails those that wait, and accepts no more.
    public func close() {
        guard closing.succeed(()) else { return }
        failWaiters(.closed)
        for connection in idle { connection.close() }
    }

    /// Runs one statement on a free connection.
    ///
    /// - Parameters:
    ///   - sql: a constant text. Values are passed as `$1`, `$2`, …, because each text is kept as a prepared statement.
    ///   - columns: the columns that the result must have. A result without them belongs to another statement, and ends the connection.
    ///   - timeout: the limit for the statement; the pool's by default.
    public func query(
        _ sql: String, _ parameters: [PostgresParameter] = [], expecting columns: [String] = [], timeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresResult {
        let connection = try await lease()
        defer { giveBack(connection) }
        do {
            let result = try await connection.query(sql, parameters, expecting: columns, timeout: timeout)
            complaints.forget(sql)
            return result
        } catch {
            complain(error, about: sql)
            throw error
        }
    }

    /// Lends a connection for several commands that need the same session.
    @discardableResult
    public func withConnection<Value>(_ body: @ServiceActor (PostgresConnection) async throws -> Value) async throws -> Value {
        let connection = try await lease()
        defer { giveBack(connection) }
        do {
            let value = try await body(connection)
            complaints.forget("")
            return value
        } catch {
            if let error = error as? PostgresError { complain(error, about: "") }
            throw error
        }
    }

    private func complain(_ error: PostgresError, about sql: String) {
        guard error.isRefusal else { return }
        complaints.note(error, about: sql)
        onRefusal?(error)
    }
}

extension PostgresPool {
    private func keepConnection() async {
        var backoff = Backoff(first: .milliseconds(100), max: .seconds(5))
        while !closing.isCompleted && !Task.isCancelled {
            do {
                let connection = try await PostgresConnection.connect(settings, resolver, memory)
                let start = MonotonicInstant.now
                add(connection)
                try? await connection.ended.value
                remove(connection)
                if start.elapsed > Self.stableAfter { backoff.reset() }
            } catch {
                fail(error)
            }
            // This wait ends at once when the pool is closed.
            if !Task.isCancelled { try? await closing.value(within: backoff.next()) }
        }
    }

    private func add(_ connection: PostgresConnection) {
        failure = nil
        open.append(connection)
        giveBack(connection)
        report(nil)
    }

    /// Also closes the connection if its keeper was cancelled: nothing would look after it any more.
    private func remove(_ connection: PostgresConnection) {
        connection.close()
        open.removeAll { $0 === connection }
        idle.removeAll { $0 === connection }
    }

    private func fail(_ error: PostgresError) {
        guard open.isEmpty, error.kind != .cancelled else { return }
        failure = error
        failWaiters(error)
        report(error)
    }

    /// Reports each change once. If the last connection is replaced before an attempt has failed, the pool counts as available all along.
    private func report(_ error: PostgresError?) {
        guard wasAvailable != (error == nil) else { return }
        wasAvailable = error == nil
        onAvailabilityChange?(error)
    }

    private func failWaiters(_ error: PostgresError) {
        let failed = waiters
        waiters.removeAll()
        for waiter in failed { waiter.lease.fail(error) }
    }

    private func lease() async throws(PostgresError) -> PostgresConnection {
        guard !closing.isCompleted else { throw .closed }
        // A connection that was just lost is still in the list until its keeper has run.
        while let connection = idle.popLast() { if connection.isOpen { return connection } }
        if let failure, open.isEmpty { throw failure }
        guard waiters.count < Self.waitersBound else { throw exhausted() }
        nextWaiter += 1
        let id = nextWaiter
        let lease = Promise<PostgresConnection>()
        waiters.append((id, lease))
        do {
            return try await lease.value(within: waitTimeout)
        } catch {
            waiters.removeAll { $0.id == id }
            // A connection may have been handed over between the end of the wait and this line.
            if lease.isCompleted, let connection = try? await lease.value { giveBack(connection) }
            if error is CancellationError { throw .cancelled }
            throw error as? PostgresError ?? exhausted()
        }
    }

    private func exhausted() -> PostgresError {
        open.isEmpty
            ? PostgresError(.unavailable, "there is no connection to Postgres yet")
            : PostgresError(.poolExhausted, "all \(size) connections to Postgres are busy")
    }

    private func giveBack(_ connection: PostgresConnection) {
        // If a borrower has left a transaction open, the next borrower would become part of it.
        guard !closing.isCompleted, !connection.isBusy, !connection.isInTransaction else { return connection.close() }
        guard connection.isOpen else { return }
        if waiters.isEmpty { idle.append(connection) } else { waiters.removeFirst().lease.succeed(connection) }
    }
}
