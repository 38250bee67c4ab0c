public import Configuration
public import EventLoop
internal import HTTP
internal import Markets
internal import Marks
internal import Orders
internal import PaperMarket
public import Pipeline
public import ServiceKit

/// Fetches quotes from all venues at once and stores the best as the order's route.
@ServiceActor
public struct Router: Service {
    public nonisolated static var purpose: String { "Fetches quotes from the venues and picks the best route for each order." }

    private let stage: StageWorker
    private let board: MarketBoard
    private let process: ServiceProcess
    private let market: MockMarketSettings
    private let waits: Waits

    /// Reads tokens and pools, and sets up venues, worker and routes.
    public init(settings: RouterSettings, process: ServiceProcess) async throws {
        self.process = process
        market = settings.market
        let files = try MarketFiles.load(settings.files, log: process.log)
        board = MarketBoard(files.pools.pools, settings: settings.market, process: process)
        let desks = try Self.desks(settings, files.pools, board, process)
        let marks = Marks.make(
            settings.venues, tokens: files.tokens, pools: files.pools, board: board, maxAge: settings.ticks.interval / 2, for: .orders,
            process: process)
        let handler = RoutingHandler(
            desk: desks.orders, marks: marks, pipeline: process.pipeline, retry: settings.retry, log: process.log, observer: process.observer)
        stage = StageWorker(.router, concurrency: settings.concurrency, settings: settings.worker, handler: handler, process: process)
        waits = Self.waits(settings, files, marks, stage.rounds, process)
        process.heartbeatFields = { ["venues": settings.venues.rawValue] }
        QuoteRoutes(desk: desks.previews, tokens: files.tokens).add(to: process.router)
    }

    /// The settings of the router's pipeline.
    public nonisolated static func pipelineSettings(_ settings: RouterSettings) -> PipelineSettings {
        StageWorker.pipelineSettings(settings.common, settings.worker, settings.retry)
    }

    /// The worker takes orders once the seed is agreed on, so that all processes see one market.
    public var children: [ServiceChild] {
        stage.children { [process, market, board] in if let seed = await process.agreeOnSeed(market) { board.begin(seed: seed) } }
            + [ServiceChild("ticker") { [waits] in await waits.ticker.run() }]
            + (waits.feed.map { feed in [ServiceChild("prices") { [stage, process] in await Waits.feed(feed, stage.rounds, process) }] } ?? [])
    }

    /// Finishes the orders in hand and hands back the rest.
    public func stop(within grace: Duration) async { await stage.stop(within: grace) }

    /// Renews the entries in hand.
    public func connectionRestored() { stage.connectionRestored() }
}
