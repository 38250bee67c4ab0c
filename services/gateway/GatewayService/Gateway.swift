public import Configuration
public import EventLoop
internal import HTTP
internal import Observability
public import Pipeline
internal import Postgres
public import ServiceKit
internal import Storage

/// The door: accepts orders by HTTP and answers at once, shows them, and tells how far the pipeline is behind.
@ServiceActor
public final class Gateway: Service {
    /// What the gateway is for.
    public nonisolated static var purpose: String { "Accepts orders by HTTP, answers at once, and shows orders and the pipeline's lag." }

    private let process: ServiceProcess
    private let postgres: PostgresPool
    private let store: OrderStore
    private let lag: LagSampler
    private let pressure: RedisPressure

    /// Reads tokens and pools, and adds the routes.
    public init(settings: GatewaySettings, process: ServiceProcess) async throws {
        self.process = process
        let market = try MarketFiles.load(settings.files)
        postgres = try StartError.naming("DATABASE_URL") { () throws(PostgresError) in
            try PostgresPool(url: settings.database.text, size: 4, name: process.name, needsWriting: false)
        }
        lag = LagSampler(pipeline: process.pipeline)
        pressure = RedisPressure(redis: process.redis, log: process.log)
        let door = Door(
            limits: DoorLimits(maxBacklog: settings.maxBacklog, maxWait: settings.maxWait), lag: lag, pressure: pressure)
        let acceptance = Acceptance(
            settings: settings, process: process, tokens: market.tokens, door: door, outcomes: Acceptance.outcomes(in: process.metrics))
        store = OrderStore(pool: postgres)
        let reading = OrderReading(pipeline: process.pipeline, store: store)
        OrderRoutes(acceptance: acceptance, reading: reading, process: process, publicURL: settings.publicURL).add(to: process.router)
        ListRoutes(store: store).add(to: process.router)
        DeadLetterRoutes(pipeline: process.pipeline, store: store).add(to: process.router)
        ReconcileRoutes(pipeline: process.pipeline, store: store).add(to: process.router)
        SystemRoutes(process: process, lag: lag, tokens: market.tokens, pools: market.pools).add(to: process.router)
        DoorRoutes(process: process).add(to: process.router)
        DoctorRoutes(examination: Examination(process: process, lag: lag, store: store, postgres: postgres)).add(to: process.router)
        ContractRoutes(folder: settings.contracts, log: process.log).add(to: process.router)
        LagMetrics(lag: lag, database: settings.common.redis.database).register(in: process.metrics)
        observePostgres()
    }

    /// What the settings say of the pipeline.
    public nonisolated static func pipelineSettings(_ settings: GatewaySettings) -> PipelineSettings {
        PipelineSettings(partitions: settings.common.partitions)
    }

    /// What it shows is not only of Redis: a doctor that looks at nothing while Redis is away would call everything away.
    public var needsRedis: Bool { false }

    /// Keeps the connections and samples the lag.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.postgres.run() }
            group.addTask { await self.probe() }
            group.addTask { await self.lag.run() }
            group.addTask { await self.pressure.run() }
        }
    }

    /// Requests in hand are the server's to finish, and may still need the connections.
    public func stop(within grace: Duration) async {}

    /// Nothing is in hand here.
    public func connectionRestored() {}

    private func observePostgres() {
        process.observePostgres { [postgres] in
            PostgresState(isAvailable: postgres.isAvailable, lent: postgres.load.lent, waiting: postgres.load.waiting)
        }
        postgres.onAvailabilityChange = { [unowned process] in process.postgresChanged(reason: $0?.description) }
        postgres.onRefusal = { [unowned process] in process.postgresRefused(reason: $0.description) }
    }

    /// Reads a row now and then, so that what stands in the way is known before somebody asks for an order.
    private func probe() async {
        while !Task.isCancelled {
            if postgres.isAvailable { try? await store.probe() }
            try? await sleep(for: .seconds(10))
        }
    }
}
