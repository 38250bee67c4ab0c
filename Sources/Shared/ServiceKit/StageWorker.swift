public import Configuration
public import EventLoop
internal import Observability
public import Orders
public import Pipeline

/// The worker of a stage, with the upkeep of the streams and the gauge of orders in hand.
@ServiceActor
public struct StageWorker {
    /// Which partitions this process looks after.
    public let rounds: UpkeepRounds
    private let worker: Worker
    private let upkeep: PipelineUpkeep

    /// A worker for all partitions of `process`.
    ///
    /// - Parameters:
    ///   - concurrency: orders worked on at once.
    ///   - maxUnderWay: orders in hand at once that only wait for something outside; nil if the stage has none.
    ///   - budget: limits first attempts over all replicas; nil for no limit.
    public init(
        _ stage: Stage, concurrency: Int, maxUnderWay: Int? = nil, settings: WorkerSettings, handler: any OrderHandler,
        budget: AttemptBudget? = nil, process: ServiceProcess
    ) {
        let options = WorkerOptions(
            stage: stage, concurrency: concurrency, maxUnderWay: maxUnderWay ?? .max, visibilityTimeout: settings.visibilityTimeout,
            renewInterval: settings.renewInterval, consumer: process.name)
        let roster = process.joinRoster(stage.group)
        rounds = UpkeepRounds(pipeline: process.pipeline, roster: roster)
        worker = Worker(
            options: options, pipeline: process.pipeline, handler: handler, roster: roster, budget: budget, observer: process.observer,
            connect: process.connectReader)
        upkeep = PipelineUpkeep(
            pipeline: process.pipeline, roster: roster, clock: process.heartbeat.clock, promotes: true, observer: process.observer)
        process.observeLanes { [worker] in ServiceActor.assume(worker) { $0.served.count } }
        process.metrics.observe(.gauge, "orders_in_hand", help: "Orders that this process is working on.") { [worker] in
            ServiceActor.assume(worker) { Double($0.working) }
        }
        guard maxUnderWay != nil else { return }
        process.metrics.observe(.gauge, "orders_under_way", help: "Submitted orders whose outcome this process waits for.") { [worker] in
            ServiceActor.assume(worker) { Double($0.underWay) }
        }
    }

    /// The children of a service of this stage. The worker takes orders once `prepare` has returned.
    public func children(after prepare: @escaping @Sendable @ServiceActor () async -> Void) -> [ServiceChild] {
        [
            ServiceChild("upkeep") { [upkeep] in await upkeep.run() },
            ServiceChild("worker") { [worker] in
                await prepare()
                await worker.run()
            },
        ]
    }

    /// The settings of a stage's pipeline.
    public nonisolated static func pipelineSettings(_ common: CommonSettings, _ worker: WorkerSettings, _ retry: RetrySettings) -> PipelineSettings {
        PipelineSettings(
            partitions: common.partitions, orderStateTTL: UInt64(worker.orderStateTTL.millisecondsRoundedUp), maxStarts: retry.maxStarts)
    }

    /// Finishes the orders in hand within `grace` and hands back the rest.
    public func stop(within grace: Duration) async { await worker.stop(within: grace) }

    /// Renews the entries in hand.
    public func connectionRestored() { worker.connectionRestored() }
}
