internal import Chains
public import Configuration
public import EventLoop
internal import HTTP
internal import Observability
internal import Orders
public import Pipeline
public import ServiceKit
internal import Venues

/// Builds the swap of a routed order, submits it to the chain and follows it to the end.
@ServiceActor
public final class Executor: Service {
    /// What the executor is for.
    public nonisolated static var purpose: String { "Builds, submits and follows the (mock) swap of each routed order, with retries." }

    private let worker: Worker
    private let upkeep: PipelineUpkeep
    private let chain: any Chain

    /// Sets up chain and worker.
    public init(settings: ExecutorSettings, process: ServiceProcess) async throws {
        chain = try Chains.make(settings.chain, process: process)
        let handler = ExecutionHandler(chain: chain, settings: settings, process: process)
        let options = WorkerOptions(
            stage: .executor, concurrency: settings.concurrency, visibilityTimeout: settings.worker.visibilityTimeout,
            renewInterval: settings.worker.renewInterval, consumer: process.name)
        let budget = settings.ordersPerMinute.map { AttemptBudget(pipeline: process.pipeline, perMinute: $0) }
        worker = Worker(
            options: options, pipeline: process.pipeline, handler: handler, budget: budget, observer: process.observer,
            connect: process.connectReader)
        upkeep = PipelineUpkeep(pipeline: process.pipeline, promotes: true, observer: process.observer)
        process.metrics.observe(.gauge, "orders_in_hand", help: "Orders that this process is working on.") { [worker] in
            ServiceActor.assume(worker) { Double($0.inHand) }
        }
    }

    /// What the settings say of the pipeline.
    public nonisolated static func pipelineSettings(_ settings: ExecutorSettings) -> PipelineSettings {
        PipelineSettings(
            partitions: settings.common.partitions, orderStateTTL: UInt64(settings.worker.orderStateTTL.millisecondsRoundedUp),
            maxStarts: settings.retry.maxStarts)
    }

    /// Works until `stop` has finished. Orders are taken when the chain is ready for them.
    public func run() async {
        let tidying = Loop.spawn { await self.upkeep.run() }
        let following = Loop.spawn { await self.chain.run() }
        await chain.prepare()
        await worker.run()
        for task in [tidying, following] { task.cancel() }
    }

    /// Finishes what is in hand, hands back the rest.
    public func stop(within grace: Duration) async { await worker.stop(within: grace) }

    /// Renews what is in hand.
    public func connectionRestored() { worker.connectionRestored() }
}
