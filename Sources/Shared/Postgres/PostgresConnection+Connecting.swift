internal import CLibpq
internal import EventLoop
internal import Glibc

/// What a connection is made by.
struct ConnectionSettings: Sendable {
    let url: ConnectionURL
    let name: String
    let connectTimeout: Duration
    let statementTimeout: Duration
}

extension PostgresConnection {
    /// Connects, and tells the server the limits of the session.
    static func connect(_ settings: ConnectionSettings, _ resolver: HostResolver) async throws(PostgresError) -> PostgresConnection {
        let deadline = MonotonicInstant.now + settings.connectTimeout
        let parameters = try await settings.url.parameters(name: settings.name, resolver: resolver, within: settings.connectTimeout)
        guard let handle = start(parameters) else { throw PostgresError(.unavailable, "no memory for a connection to Postgres") }
        // Notices would go to standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        do {
            try await establish(handle, by: deadline)
        } catch {
            PQfinish(handle)
            throw error
        }
        let connection = try PostgresConnection(handle, statementTimeout: settings.statementTimeout)
        do {
            try await connection.setUp(within: max(.zero, deadline - .now))
        } catch {
            connection.close()
            throw error.kind == .cancelled ? error : PostgresError(.unavailable, error.message, sqlState: error.sqlState)
        }
        return connection
    }

    private static func start(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        let keywords = parameters.map { strdup($0.keyword) }
        let values = parameters.map { strdup($0.value) }
        defer { (keywords + values).forEach { free($0) } }
        return PQconnectStartParams(
            keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 0)
    }

    /// Follows libpq through the handshake.
    ///
    /// The descriptor is watched anew for each step: libpq may have closed it and opened another one of the same number.
    private static func establish(_ handle: OpaquePointer, by deadline: MonotonicInstant) async throws(PostgresError) {
        guard PQstatus(handle) != CONNECTION_BAD else { throw PostgresError(connecting: String(cString: PQerrorMessage(handle))) }
        var state = PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK {
            switch state {
            case PGRES_POLLING_READING: try await wait(for: .readable, PQsocket(handle), by: deadline)
            case PGRES_POLLING_WRITING: try await wait(for: .writable, PQsocket(handle), by: deadline)
            default: throw PostgresError(connecting: String(cString: PQerrorMessage(handle)))
            }
            state = PQconnectPoll(handle)
        }
        PQsetnonblocking(handle, 1)
    }

    private static func wait(
        for events: PollHandle.Events, _ descriptor: Int32, by deadline: MonotonicInstant
    ) async throws(PostgresError) {
        let ready = Promise<Void>()
        do {
            let poll = try PollHandle(descriptor: descriptor)
            defer { poll.close() }
            poll.watch(events) { _ in ready.succeed(()) }
            try await ready.value(within: max(.zero, deadline - .now))
        } catch is CancellationError {
            throw .cancelled
        } catch is DeadlineExceeded {
            throw PostgresError(.unavailable, "Postgres did not answer in time")
        } catch {
            throw PostgresError(.unavailable, "Postgres could not be reached")
        }
    }
}
