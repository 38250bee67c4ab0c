/// Why a command did not give a result. What it says is safe to log: it has no values of a row, no detail of the server and no password.
public struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed set of causes.
    public enum Kind: Sendable, Equatable {
        /// The connection URL or another setting cannot be used as it is.
        case invalidConfiguration
        /// No connection could be made: nobody answers there, or the server is starting or stopping.
        case unavailable
        /// The server answers and does not let this program work: its own reason is in the message.
        case refused
        /// The connection was lost while the command ran: whether it took effect is unknown.
        case connectionLost
        /// No answer within the limit: whether the command took effect is unknown.
        case timedOut
        /// The server, or the encoder on its behalf, refused the command.
        case server(sqlState: String)
        /// No connection became free in time.
        case poolExhausted
        /// The pool or the connection has been closed.
        case closed
        /// The task that waited was cancelled.
        case cancelled
        /// The migrations of this program do not fit what the database has had.
        case migrationRefused
    }

    /// The cause.
    public let kind: Kind
    /// One sentence, safe to log.
    public let message: String
    /// The server's SQLSTATE where it gave one; a lost connection can have one too (57P01).
    public let sqlState: String?

    /// An error by its parts; for `server` the SQLSTATE is taken from the kind.
    public init(_ kind: Kind, _ message: String, sqlState: String? = nil) {
        self.kind = kind
        self.message = message
        if case .server(let state) = kind { self.sqlState = state } else { self.sqlState = sqlState }
    }

    /// The message with its SQLSTATE.
    public var description: String { sqlState.map { "\(message) (SQLSTATE \($0))" } ?? message }

    /// Whether the data are at fault: SQLSTATE class 22 (data exception) or 23 (constraint). The same command will fail again.
    public var isDataFault: Bool {
        guard case .server(let state) = kind else { return false }
        return state.hasPrefix("22") || state.hasPrefix("23")
    }

    /// Whether Postgres cannot be reached. Everything else is said by somebody who is there.
    public var isAway: Bool { [.unavailable, .connectionLost, .closed, .cancelled].contains(kind) }

    /// Whether the server, or a pooler in front of it, refuses what would be right elsewhere: rights, a missing table, a read-only server, no room.
    public var isRefusal: Bool {
        guard case .server(let state) = kind else { return kind == .refused }
        return !isDataFault && !["40", "57"].contains(String(state.prefix(2)))
    }

    /// Whether this session can never get over it: a server that has become read-only, a protocol that both sides read differently, a statement
    /// that belongs to another session, an error inside the server.
    var endsSession: Bool {
        guard let sqlState else { return self == .oddResult }
        return ["08", "XX"].contains(String(sqlState.prefix(2))) || ["25006", "26000", "42P05"].contains(sqlState) || sqlState.hasPrefix("57P")
    }
}

extension PostgresError {
    static let closed = PostgresError(.closed, "the Postgres connection is closed")
    static let cancelled = PostgresError(.cancelled, "the wait for Postgres was cancelled")
    static let lost = PostgresError(.connectionLost, "the connection to Postgres was lost")
    static let oddResult = PostgresError(.connectionLost, "Postgres answered with the result of another statement; the session was ended")
    static func timedOut(_ limitMilliseconds: Int64) -> PostgresError {
        PostgresError(.timedOut, "Postgres gave no answer within \(limitMilliseconds) ms")
    }
}
