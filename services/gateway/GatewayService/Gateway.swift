internal import Access
public import Configuration
public import EventLoop
internal import Markets
internal import Marks
internal import Observability
internal import Orders
internal import PaperMarket
public import Pipeline
internal import Postgres
public import ServiceKit
internal import Storage

/// Accepts orders by HTTP and answers at once, shows orders, and tells how far the pipeline is behind.
@ServiceActor
public struct Gateway: Service {
    public nonisolated static var purpose: String { "Accepts orders by HTTP, answers at once, and shows orders and the pipeline's lag." }

    private let process: ServiceProcess
    private let postgres: PostgresPool
    private let postgresWatch: PostgresWatch
    private let lists: OrderLists
    private let lag: LagSampler
    private let pressure: RedisPressure
    private let intake: IntakeWatch
    private let growth: PartitionGrowth
    /// The mock market, for the prices that new orders would wait for.
    private let board: MarketBoard
    private let marketSettings: MockMarketSettings

    /// Reads tokens and pools, and adds the routes.
    public init(settings: GatewaySettings, process: ServiceProcess) async throws {
        self.process = process
        let market = try MarketFiles.load(settings.files, log: process.log)
        postgres = try StartError.naming("DATABASE_URL") { () throws(PostgresError) in
            try PostgresPool(url: settings.database.text, size: 4, name: process.name, needsWriting: false)
        }
        lag = LagSampler(pipeline: process.pipeline)
        pressure = RedisPressure(redis: process.redis, log: process.log)
        intake = IntakeWatch(pipeline: process.pipeline)
        growth = PartitionGrowth(process: process, idempotencyTTL: settings.idempotencyTTL)
        let limits = AdmissionLimits(
            maxBacklog: settings.maxBacklog, maxEventBacklog: settings.maxEventBacklog, maxWait: settings.maxWait,
            maxExpectedWait: settings.maxExpectedWait)
        let admission = Admission(limits: limits, lag: lag, pressure: pressure, intake: intake)
        board = MarketBoard(settings.venues == .mock ? market.pools.pools : [], settings: settings.market, process: process)
        marketSettings = settings.market
        let triggers = TriggerCheck(
            marks: Marks.make(
                settings.venues, tokens: market.tokens, pools: market.pools, board: board, maxAge: .milliseconds(50), for: .people,
                process: process),
            maxAge: UInt64(settings.markMaxAge.millisecondsRoundedUp), clock: process.heartbeat.clock)
        let acceptance = try Acceptance(
            settings: settings, process: process, tokens: market.tokens, triggers: triggers, admission: admission,
            outcomes: Acceptance.outcomes(in: process.metrics))
        let store = OrderStore(pool: postgres)
        postgresWatch = PostgresWatch(postgres: postgres, store: store)
        lists = OrderLists(primary: store, replica: try Self.replica(settings, process), log: process.log)
        let reading = OrderReading(pipeline: process.pipeline, store: store)
        let distances = Distances(triggers: triggers, pipeline: process.pipeline)
        OrderRoutes(
            acceptance: acceptance, reading: reading, distances: distances, process: process, publicURL: settings.publicURL,
            tokenLife: settings.socketTokenTTL
        ).add(to: process.router)
        WaitRoutes(acceptance: acceptance, reading: reading, triggers: triggers, process: process).add(to: process.router)
        ListRoutes(lists: lists, distances: distances).add(to: process.router)
        DeadLetterRoutes(pipeline: process.pipeline, store: store).add(to: process.router)
        ReconcileRoutes(pipeline: process.pipeline, store: store).add(to: process.router)
        SystemRoutes(lag: lag, tokens: market.tokens, pools: market.pools).add(to: process.router)
        HealthRoutes(process: process, postgres: postgresWatch, lists: lists).add(to: process.router)
        ActivityRoutes(lag: lag, clock: process.heartbeat.clock).add(to: process.router)
        PauseRoutes(process: process).add(to: process.router)
        PartitionRoutes(process: process, countsOrders: settings.userLimits.countsOrders).add(to: process.router)
        AccessRoutes(access: process.access).add(to: process.router)
        let examination = Examination(
            process: process, lag: lag, store: store, postgres: postgres, lists: lists,
            waits: WaitCheck(pipeline: process.pipeline, triggers: triggers, tokens: market.tokens))
        DoctorRoutes(examination: examination).add(to: process.router)
        ContractRoutes(folder: settings.contracts, log: process.log).add(to: process.router)
        LagMetrics(lag: lag, database: settings.common.redis.database).register(in: process.metrics)
        observePostgres()
        watchLimits(of: market.tokens)
    }

    private static func replica(_ settings: GatewaySettings, _ process: ServiceProcess) throws -> OrderLists.Replica? {
        guard let url = settings.databaseRead else { return nil }
        let pool = try StartError.naming("DATABASE_READ_URL") { () throws(PostgresError) in
            // Less than usual: the primary is still to be asked.
            try PostgresPool(url: url.text, size: 4, name: process.name, needsWriting: false, statementTimeout: .seconds(2), waitTimeout: .seconds(1))
        }
        return OrderLists.Replica(pool: pool, maxLag: settings.databaseReadLag)
    }

    /// The settings of the gateway's pipeline.
    public nonisolated static func pipelineSettings(_ settings: GatewaySettings) -> PipelineSettings {
        PipelineSettings(partitions: settings.common.partitions)
    }

    /// False: the gateway also answers while Redis is away. A doctor that waited for Redis could not report anything.
    public var needsRedis: Bool { false }

    /// The connections and the samplers. They end after the server, because requests in hand may still need them.
    public var children: [ServiceChild] {
        [
            ServiceChild("postgres") { [postgres] in await postgres.run() },
            ServiceChild("postgres_watch") { [postgresWatch] in await postgresWatch.run() },
            ServiceChild("lists") { [lists] in await lists.run() },
            ServiceChild("lag") { [lag] in await lag.run() },
            ServiceChild("pressure") { [pressure] in await pressure.run() },
            ServiceChild("intake") { [intake] in await intake.run() },
            ServiceChild("market") { [process, board, marketSettings] in
                if let seed = await process.agreeOnSeed(marketSettings) { board.begin(seed: seed) }
            },
            ServiceChild("growth") { [growth] in await growth.run() },
        ]
    }

    /// A key whose limit names a token that nobody knows may sell less than was meant.
    private func watchLimits(of tokens: TokenList) {
        process.access.watchKeys { [log = process.log] keys in
            for token in keys.limitedTokens.sorted() where tokens.lookup(token) == nil {
                log.warning("access.unknown_token", ["token": .string(token)])
            }
        }
    }

    private func observePostgres() {
        lists.observe(in: process.metrics)
        process.observePostgres { [postgres] in
            PostgresState(isAvailable: postgres.isAvailable, lent: postgres.load.lent, waiting: postgres.load.waiting)
        }
        postgres.onAvailabilityChange = { [unowned process] in process.postgresChanged(reason: $0?.description) }
        postgres.onRefusal = { [unowned process] in process.postgresRefused(reason: $0.description) }
    }
}
