/// Why a command gave no result. The texts are safe to log: they have no values of a row, no detail of the server and no password.
public struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed set of causes.
    public enum Kind: Sendable, Equatable {
        /// The connection URL or another setting cannot be used as it is.
        case invalidConfiguration
        /// No connection could be made: no server answers there, or the server is starting or stopping.
        case unavailable
        /// The server answers, but does not let this program work. Its own reason is in the message.
        case refused
        /// The connection was lost while the command ran. Whether it took effect is unknown.
        case connectionLost
        /// No answer within the limit. Whether the command took effect is unknown.
        case timedOut
        /// The server refused the command, or the encoder did because the server would.
        case server(sqlState: String)
        /// No connection became free in time.
        case poolExhausted
        /// The pool or the connection has been closed.
        case closed
        /// The waiting task was cancelled.
        case cancelled
        /// The migrations of this program do not fit the history of the database.
        case migrationRefused
    }

    public let kind: Kind
    /// One sentence, safe to log.
    public let message: String
    /// The server's SQLSTATE, if it gave one. A lost connection can have one too (57P01).
    public let sqlState: String?

    /// An error by its parts. For `server`, the SQLSTATE is taken from the kind.
    public init(_ kind: Kind, _ message: String, sqlState: String? = nil) {
        self.kind = kind
        self.message = message
        if case .server(let state) = kind { self.sqlState = state } else { self.sqlState = sqlState }
    }

    public var description: String { sqlState.map { "\(message) (SQLSTATE \($0))" } ?? message }

    /// Whether the data are wrong: SQLSTATE class 22 (data exception) or 23 (constraint). The same command will fail again.
    public var isDataFault: Bool {
        guard case .server(let state) = kind else { return false }
        return state.hasPrefix("22") || state.hasPrefix("23")
    }

    /// Whether Postgres could not be reached, or the wait for it was ended. Other errors come from a server that answers, or from this program.
    public var isAway: Bool { [.unavailable, .connectionLost, .closed, .cancelled].contains(kind) }

    /// Whether the server, or a pooler in front of it, refuses a command that is right in itself: rights, a missing table, a read-only server, no
    /// space. A lock that others hold for too long (55P03) is no refusal.
    public var isRefusal: Bool {
        guard case .server(let state) = kind else { return kind == .refused }
        return !isDataFault && state != "55P03" && !["40", "57"].contains(String(state.prefix(2)))
    }

    /// Whether this session can never recover: a server that has become read-only, a protocol that both sides read differently, a statement that
    /// belongs to another session, an error inside the server.
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
