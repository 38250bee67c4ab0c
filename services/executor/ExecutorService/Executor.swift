internal import Chains
public import Configuration
public import EventLoop
internal import HTTP
internal import Orders
public import Pipeline
public import ServiceKit
internal import Venues

/// Builds the swap of a routed order, submits it to the chain and follows it to the end.
@ServiceActor
public struct Executor: Service {
    public nonisolated static var purpose: String { "Builds, submits and follows the (mock) swap of each routed order, with retries." }

    private let stage: StageWorker
    private let chain: any Chain

    /// Sets up chain and worker.
    public init(settings: ExecutorSettings, process: ServiceProcess) async throws {
        chain = try Chains.make(settings.chain, process: process)
        let handler = ExecutionHandler(chain: chain, settings: settings, process: process)
        let budget = settings.ordersPerMinute.map { AttemptBudget(pipeline: process.pipeline, perMinute: $0) }
        stage = StageWorker(
            .executor, concurrency: settings.concurrency, maxUnderWay: settings.maxUnderWay, settings: settings.worker, handler: handler,
            budget: budget, process: process)
    }

    /// The settings of the executor's pipeline.
    public nonisolated static func pipelineSettings(_ settings: ExecutorSettings) -> PipelineSettings {
        StageWorker.pipelineSettings(settings.common, settings.worker, settings.retry)
    }

    /// The worker takes orders once the chain is ready.
    public var children: [ServiceChild] {
        [ServiceChild("chain") { [chain] in await chain.run() }] + stage.children { [chain] in await chain.prepare() }
    }

    /// Finishes the orders in hand and hands back the rest.
    public func stop(within grace: Duration) async { await stage.stop(within: grace) }

    /// Renews the entries in hand.
    public func connectionRestored() { stage.connectionRestored() }
}
