internal import EventLoop
internal import Observability
internal import Orders
internal import Postgres
internal import Storage

/// Lists of orders: from the replica of `DATABASE_READ_URL` while it keeps up, and otherwise from the primary. A single order is never read from it,
/// because whoever has written must find it.
@ServiceActor
final class OrderLists {
    private static let interval = Duration.milliseconds(500)

    private let primary: OrderStore
    private let replica: Replica?
    private let log: Logger
    private var lag = ReplicaLag()
    /// Whether the replica serves the lists, and why not. Unknown without a replica, and until it was looked at.
    private(set) var standing = ServerState.unknown
    /// How far it was behind when it was last looked at; nil if that is not known.
    private(set) var behind: Duration?

    /// A replica and how far it may be behind.
    @ServiceActor
    struct Replica {
        let pool: PostgresPool
        let store: OrderStore
        let maxLag: Duration

        init(pool: PostgresPool, maxLag: Duration) {
            self.pool = pool
            self.maxLag = maxLag
            store = OrderStore(pool: pool)
        }
    }

    init(primary: OrderStore, replica: Replica?, log: Logger) {
        self.primary = primary
        self.replica = replica
        self.log = log
    }

    var hasReplica: Bool { replica != nil }

    /// Shows how the replica stands as metrics. Without a replica there are none.
    func observe(in metrics: MetricsRegistry) {
        guard hasReplica else { return }
        metrics.observe(.gauge, "postgres_replica_used", help: "1 while lists are read from the replica.") { [self] in
            ServiceActor.assume(self) { $0.standing == .up ? 1 : 0 }
        }
        metrics.observe(.gauge, "postgres_replica_lag_seconds", help: "For how long the replica has lacked something that was written.") { [self] in
            ServiceActor.assume(self) { $0.behind?.seconds ?? 0 }
        }
    }

    /// A page as `OrderStore.page` gives it. What the replica does not answer, the primary is asked.
    func page(_ filter: OrderFilter, limit: Int, after cursor: OrderCursor?) async throws -> (orders: [OrderView], next: OrderCursor?) {
        if let replica, standing == .up, replica.pool.isAvailable {
            do {
                return try await replica.store.page(filter, limit: limit, after: cursor)
            } catch let error as PostgresError where !error.isDataFault && error.kind != .cancelled {
                // The next look decides whether it is asked again.
                stand(.down(error.description))
            }
        }
        return try await primary.page(filter, limit: limit, after: cursor)
    }

    /// Keeps the connections to the replica and looks at it until the task is cancelled.
    func run() async {
        guard let replica else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await replica.pool.run() }
            group.addTask { await self.watch() }
        }
    }

    private func watch() async {
        while !Task.isCancelled {
            await look()
            try? await sleep(for: Self.interval * Int.random(in: 90...110) / 100)
        }
    }

    /// Asks first the primary and then the replica, so that a replica that keeps up is never seen behind. While the primary is away, nothing is
    /// known to be written, and a replica that has all up to then goes on to serve.
    func look() async {
        guard let replica else { return }
        let moment = MonotonicInstant.now
        if let position = try? await primary.position() { lag.note(primary: position, at: moment) }
        do throws(PostgresError) {
            behind = try await replica.store.position().flatMap { lag.behind(standby: $0, at: .now) }
            guard let behind else { return stand(.down("it is no standby of the server of DATABASE_URL, or does not tell its position")) }
            try await replica.store.probe()
            stand(behind <= replica.maxLag ? .up : .down("it is \(behind.millisecondsRoundedUp) ms behind"))
        } catch {
            guard error.kind != .cancelled, error.kind != .closed, error.kind != .poolExhausted else { return }
            behind = nil
            stand(.down(error.description))
        }
    }

    private func stand(_ now: ServerState) {
        defer { standing = now }
        guard case .down(let reason) = now else {
            if standing != now { log.info("postgres.replica_used") }
            return
        }
        if !standing.isDown { log.limited(.warning, "postgres.replica_left", every: .seconds(5), ["reason": .string(reason)]) }
    }
}
