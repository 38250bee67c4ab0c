internal import EventLoop
internal import Observability

/// The state of a pool of connections to Postgres.
public struct PostgresState: Sendable {
    /// Whether there is a connection.
    public let isAvailable: Bool
    /// Connections in use.
    public let lent: Int
    /// Commands that wait for a connection.
    public let waiting: Int

    public init(isAvailable: Bool, lent: Int, waiting: Int) {
        self.isAvailable = isAvailable
        self.lent = lent
        self.waiting = waiting
    }
}

extension ServiceProcess {
    /// Shows the state of a service's pool as metrics.
    public func observePostgres(_ state: @escaping @ServiceActor @Sendable () -> PostgresState) {
        metrics.observe(.gauge, "postgres_available", help: "1 while there is a connection to Postgres.") {
            ServiceActor.assume(state) { $0().isAvailable ? 1 : 0 }
        }
        metrics.observe(.gauge, "postgres_connections_lent", help: "Connections to Postgres that are in use.") {
            ServiceActor.assume(state) { Double($0().lent) }
        }
        metrics.observe(.gauge, "postgres_commands_waiting", help: "Commands that wait for a connection to Postgres.") {
            ServiceActor.assume(state) { Double($0().waiting) }
        }
    }

    /// Logs that Postgres has refused a command, with its own reason.
    public func postgresRefused(reason: String) { log.limited(.error, "postgres.refused", every: .seconds(5), ["reason": .string(reason)]) }

    /// Logs that Postgres is away or refuses connections, with the reason, or that it is back.
    public func postgresChanged(reason: String?) {
        if let reason {
            log.limited(.warning, "postgres.away", every: .seconds(5), ["reason": .string(reason)])
        } else {
            log.info("postgres.connected")
        }
    }
}
