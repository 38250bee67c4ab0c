public import Configuration
public import EventLoop
internal import HTTP
internal import Markets
internal import Observability
internal import Orders
public import Pipeline
public import ServiceKit

/// Builds the swap of a routed order, submits it to the chain and follows it to the end.
@ServiceActor
public struct Executor: Service {
    /// What the executor is for.
    public nonisolated static var purpose: String { "Builds, submits and follows the (mock) swap of each routed order, with retries." }

    private let stage: StageWorker
    private let settings: ExecutorSettings
    private let process: ServiceProcess
    private let chain: MockChain

    /// Sets up chain and worker.
    public init(settings: ExecutorSettings, process: ServiceProcess) async throws {
        self.settings = settings
        self.process = process
        // Quotes of live venues are of pools whose depth nobody here knows.
        let pools = settings.venues == .mock ? try MarketFiles.load(settings.files, log: process.log).pools.pools : []
        let board = MarketBoard(pools, settings: settings.market, process: process)
        chain = MockChain(pipeline: process.pipeline, settings: settings, board: board)
        let handler = ExecutionHandler(chain: chain, settings: settings, process: process)
        let budget = settings.ordersPerMinute.map { AttemptBudget(pipeline: process.pipeline, perMinute: $0) }
        stage = StageWorker(
            .executor, concurrency: settings.concurrency, settings: settings.worker, handler: handler, budget: budget, process: process)
    }

    /// What the settings say of the pipeline.
    public nonisolated static func pipelineSettings(_ settings: ExecutorSettings) -> PipelineSettings {
        PipelineSettings(
            partitions: settings.common.partitions, orderStateTTL: UInt64(settings.worker.orderStateTTL.millisecondsRoundedUp),
            maxStarts: settings.retry.maxStarts)
    }

    /// Orders are taken when the seed is agreed, so that all executors draw alike.
    public var children: [ServiceChild] {
        let following = ServiceChild("chain") { [chain, process] in await chain.run(clock: process.heartbeat.clock) }
        return [following]
            + stage.children { [process, settings, chain] in if let seed = await process.agreeOnSeed(settings.market) { chain.seed = seed } }
    }

    /// Finishes what is in hand, hands back the rest.
    public func stop(within grace: Duration) async { await stage.stop(within: grace) }

    /// Renews what is in hand.
    public func connectionRestored() { stage.connectionRestored() }
}
