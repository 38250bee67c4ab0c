public import EventLoop
internal import Redis

/// Has a process read more partitions when the engine grows.
@ServiceActor
public final class PartitionWatch {
    private static let interval = Duration.seconds(1)

    private let pipeline: OrderPipeline
    private let heartbeat: Heartbeat
    private let observer: any StreamObserver
    /// Called when this process reads more partitions.
    public var onGrowth: (@ServiceActor () -> Void)?

    /// A watch over what the processes agree on. The heartbeat tells the others how many partitions this process reads.
    public init(pipeline: OrderPipeline, heartbeat: Heartbeat, observer: any StreamObserver) {
        (self.pipeline, self.heartbeat, self.observer) = (pipeline, heartbeat, observer)
        pipeline.onGrowth = { [weak self, unowned pipeline, unowned heartbeat] in
            heartbeat.roster?.share(out: pipeline.partitions.count)
            self?.onGrowth?()
            // The growth goes on when all have said it.
            Loop.spawn { await heartbeat.beat() }
        }
    }

    /// Looks once a second until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.interval * Int.random(in: 80...120) / 100)
            guard pipeline.redis.isConnected else { continue }
            do throws(PipelineError) { try await pipeline.refreshPartitions() } catch { observer.failed(doing: "partitions", error: error) }
        }
    }
}
