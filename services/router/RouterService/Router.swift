public import Configuration
public import EventLoop
internal import HTTP
internal import Markets
internal import Observability
internal import Orders
public import Pipeline
public import ServiceKit

/// Fetches quotes from all venues at once and stores the best as the order's route.
@ServiceActor
public final class Router: Service {
    /// What the router is for.
    public nonisolated static var purpose: String { "Fetches quotes from the venues and picks the best route for each order." }

    private let worker: Worker
    private let upkeep: PipelineUpkeep

    /// Reads tokens and pools, and sets up venues, worker and routes.
    public init(settings: RouterSettings, process: ServiceProcess) async throws {
        let market = try MarketFiles.load(settings.files)
        let venues = MockVenue.all(market.pools, latency: settings.mockQuoteLatencyMilliseconds)
        let desk = QuoteDesk(venues: venues, timeout: settings.quoteTimeout, metrics: process.metrics)
        let handler = RoutingHandler(desk: desk, pipeline: process.pipeline, retry: settings.retry, log: process.log, observer: process.observer)
        let options = WorkerOptions(
            stage: .router, concurrency: settings.concurrency, visibilityTimeout: settings.worker.visibilityTimeout,
            renewInterval: settings.worker.renewInterval, consumer: process.name)
        worker = Worker(
            options: options, pipeline: process.pipeline, handler: handler, observer: process.observer, connect: process.connectReader)
        upkeep = PipelineUpkeep(pipeline: process.pipeline, promotes: true, observer: process.observer)
        QuoteRoutes(desk: desk, tokens: market.tokens).add(to: process.router)
        process.metrics.observe(.gauge, "orders_in_hand", help: "Orders that this process is working on.") { [worker] in
            ServiceActor.assume(worker) { Double($0.inHand) }
        }
    }

    /// What the settings say of the pipeline.
    public nonisolated static func pipelineSettings(_ settings: RouterSettings) -> PipelineSettings {
        PipelineSettings(
            partitions: settings.common.partitions, orderStateTTL: UInt64(settings.worker.orderStateTTL.millisecondsRoundedUp),
            maxStarts: settings.retry.maxStarts)
    }

    /// Works until `stop` has finished.
    public func run() async {
        let tidying = Loop.spawn { await self.upkeep.run() }
        await worker.run()
        tidying.cancel()
    }

    /// Finishes what is in hand, hands back the rest.
    public func stop(within grace: Duration) async { await worker.stop(within: grace) }

    /// Renews what is in hand.
    public func connectionRestored() { worker.connectionRestored() }
}
