public import Configuration
public import EventLoop
internal import HTTP
internal import Markets
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

    /// Reads tokens and pools, and sets up venues, worker and routes.
    public init(settings: RouterSettings, process: ServiceProcess) async throws {
        self.process = process
        market = settings.market
        let files = try MarketFiles.load(settings.files, log: process.log)
        board = MarketBoard(files.pools.pools, settings: settings.market, process: process)
        let desks = try Self.desks(settings, files.pools, board, process)
        let handler = RoutingHandler(
            desk: desks.orders, pipeline: process.pipeline, retry: settings.retry, log: process.log, observer: process.observer)
        stage = StageWorker(.router, concurrency: settings.concurrency, settings: settings.worker, handler: handler, process: process)
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
    }

    /// Finishes the orders in hand and hands back the rest.
    public func stop(within grace: Duration) async { await stage.stop(within: grace) }

    /// Renews the entries in hand.
    public func connectionRestored() { stage.connectionRestored() }
}
