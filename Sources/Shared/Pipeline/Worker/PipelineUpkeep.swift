public import EventLoop
internal import Redis

/// The regular work of every process that reads streams, beside its entries: due retries, deadlines, times that a clock which ran ahead has left,
/// trimming, consumers that are gone, and the lag after a restart of Redis.
@ServiceActor
public final class PipelineUpkeep {
    private let pipeline: OrderPipeline
    private let observer: any StreamObserver
    private let promotes: Bool
    /// The name under which this process takes the turn to count.
    private let name = String(UInt64.random(in: .min ... .max), radix: 36)

    /// The upkeep of all partitions; only routers and executors promote retries.
    public init(pipeline: OrderPipeline, promotes: Bool, observer: any StreamObserver) {
        self.pipeline = pipeline
        self.promotes = promotes
        self.observer = observer
    }

    /// Runs until the task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            if promotes { group.addTask { await self.promoteLoop() } }
            group.addTask { await self.sweepLoop() }
            group.addTask { await self.tidyLoop() }
            group.addTask { await self.recountLoop() }
        }
    }

    private func promoteLoop() async {
        await every(.milliseconds(100), "promote") { pipeline, keys throws(PipelineError) in
            try await pipeline.promote(keys)
        }
    }

    private func sweepLoop() async {
        await every(.seconds(1), "sweep") { pipeline, keys throws(PipelineError) in
            try await pipeline.sweep(keys)
        }
    }

    private func tidyLoop() async {
        await every(.seconds(10), "tidy") { pipeline, keys throws(PipelineError) in
            try await pipeline.hasten(keys)
            try await pipeline.trim(keys)
            try await pipeline.reap(keys, alive: try await pipeline.aliveNames())
        }
    }

    /// Counts while the other work goes on, never before it: a million entries may wait.
    private func recountLoop() async {
        while !Task.isCancelled {
            if pipeline.redis.isConnected {
                do throws(PipelineError) { try await pipeline.recount(as: name) } catch { observer.failed(doing: "recount", error: error) }
            }
            try? await sleep(for: .seconds(10) * Int.random(in: 80...120) / 100)
        }
    }

    private func every(
        _ interval: Duration, _ doing: String, _ body: @ServiceActor (OrderPipeline, Keys) async throws(PipelineError) -> Void
    ) async {
        while !Task.isCancelled {
            for keys in pipeline.partitions where pipeline.redis.isConnected {
                do throws(PipelineError) { try await body(pipeline, keys) } catch { observer.failed(doing: doing, error: error) }
            }
            // Jitter keeps replicas from asking in step.
            try? await sleep(for: interval * Int.random(in: 80...120) / 100)
        }
    }
}
