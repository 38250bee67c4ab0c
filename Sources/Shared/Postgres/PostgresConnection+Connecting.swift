internal import CLibpq
internal import EventLoop
internal import Glibc

/// The settings for making a connection.
struct ConnectionSettings: Sendable {
    let url: ConnectionURL
    let name: String
    /// The limit for all places of the URL together, unless the URL has a limit for each.
    let connectTimeout: Duration
    let statementTimeout: Duration
    /// Whether a read-only server is of no use.
    let needsWriting: Bool
}

extension PostgresConnection {
    /// Connects to the first address where the engine can work, and sets the limits of the session.
    ///
    /// Each address has a share of the remaining time, or the URL's own limit, so that a silent address leaves time for the next. The error has the
    /// answer of each place.
    static func connect(
        _ settings: ConnectionSettings, _ resolver: HostNames, _ memory: StatementMemory
    ) async throws(PostgresError) -> PostgresConnection {
        let url = settings.url
        let deadline = MonotonicInstant.now + settings.connectTimeout
        var errors: [PostgresError] = []
        for (pass, kind) in url.sessionKinds.enumerated() {
            for (index, place) in url.places.enumerated() {
                let left = (url.sessionKinds.count - pass) * url.places.count - index
                let share = url.connectTimeout ?? max(.zero, deadline - .now) / left
                do {
                    return try await connect(to: place, session: kind, within: share, settings, resolver, memory)
                } catch {
                    if error.kind == .cancelled { throw error }
                    errors.append(error)
                }
            }
        }
        throw PostgresError(combining: errors)
    }

    private static func connect(
        to place: ConnectionURL.Place, session kind: String?, within limit: Duration, _ settings: ConnectionSettings, _ resolver: HostNames,
        _ memory: StatementMemory
    ) async throws(PostgresError) -> PostgresConnection {
        let deadline = MonotonicInstant.now + limit
        let addresses = try await settings.url.addresses(of: place, resolver: resolver, within: limit)
        var errors: [PostgresError] = []
        for (index, address) in addresses.enumerated() {
            let share = settings.url.connectTimeout ?? max(.zero, deadline - .now) / (addresses.count - index)
            let parameters = settings.url.parameters(place, address: address, session: kind, name: settings.name)
            do {
                return try await attempt(parameters, by: .now + share, settings, memory)
            } catch {
                if error.kind == .cancelled { throw error }
                errors.append(error)
            }
        }
        throw PostgresError(combining: errors)
    }

    private static func attempt(
        _ parameters: [(keyword: String, value: String)], by deadline: MonotonicInstant, _ settings: ConnectionSettings, _ memory: StatementMemory
    ) async throws(PostgresError) -> PostgresConnection {
        guard let handle = start(parameters) else { throw PostgresError(.unavailable, "no memory for a connection to Postgres") }
        // libpq would write notices to standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        // In verbose errors a refusal contains its SQLSTATE. libpq has no other way to report it.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        do {
            try await establish(handle, by: deadline, settings.url)
        } catch {
            PQfinish(handle)
            throw error
        }
        let connection = try PostgresConnection(handle, statementTimeout: settings.statementTimeout, memory: memory)
        do {
            try await connection.setUp(needsWriting: settings.needsWriting, within: max(.zero, deadline - .now))
        } catch {
            connection.close()
            guard error.kind != .cancelled, error.kind != .refused else { throw error }
            throw PostgresError(.unavailable, error.message, sqlState: error.sqlState)
        }
        return connection
    }

    private static func start(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        let keywords = parameters.map { strdup($0.keyword) }
        let values = parameters.map { strdup($0.value) }
        defer { (keywords + values).forEach { free($0) } }
        return PQconnectStartParams(keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 0)
    }

    /// Follows libpq through the handshake.
    ///
    /// A new poll watches the descriptor for each step: libpq may have closed it and opened another one with the same number.
    private static func establish(_ handle: OpaquePointer, by deadline: MonotonicInstant, _ url: ConnectionURL) async throws(PostgresError) {
        func failure() -> PostgresError { PostgresError(connecting: url.withoutPassword(String(cString: PQerrorMessage(handle)))) }
        guard PQstatus(handle) != CONNECTION_BAD else { throw failure() }
        var state = PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK {
            switch state {
            case PGRES_POLLING_READING: try await wait(for: .readable, PQsocket(handle), by: deadline)
            case PGRES_POLLING_WRITING: try await wait(for: .writable, PQsocket(handle), by: deadline)
            default: throw failure()
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
