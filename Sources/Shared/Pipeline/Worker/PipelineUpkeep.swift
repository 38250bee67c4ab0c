public import EventLoop
internal import Redis

/// The regular work beside the entries of streams: due retries, deadlines, times that a clock which ran ahead has left, trimming, consumers that are
/// gone, and the lag after a restart of Redis.
@ServiceActor
public final class PipelineUpkeep {
    /// Partitions that are looked after side by side: about a millisecond of Redis.
    private static let together = 16

    private let pipeline: OrderPipeline
    private let rounds: UpkeepRounds
    private let clock: RedisClock
    private let observer: any StreamObserver
    private let promotes: Bool
    /// The name under which this process takes the turn to count.
    private let name = String(UInt64.random(in: .min ... .max), radix: 36)

    /// The upkeep of the partitions that this process serves; only routers and executors promote retries. `clock` has the time of Redis.
    public init(pipeline: OrderPipeline, roster: Roster, clock: RedisClock, promotes: Bool, observer: any StreamObserver) {
        self.pipeline = pipeline
        rounds = UpkeepRounds(pipeline: pipeline, roster: roster)
        self.clock = clock
        self.observer = observer
        self.promotes = promotes
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
        await every(.milliseconds(100)) { upkeep, partitions in
            guard let now = upkeep.clock.now else { return }
            await upkeep.attempt("promote") { pipeline throws(PipelineError) in
                for keys in try await pipeline.haveDueRetries(partitions, at: now) {
                    await upkeep.attempt("promote") { pipeline throws(PipelineError) in try await pipeline.promote(keys) }
                }
            }
        }
    }

    private func sweepLoop() async {
        await every(.seconds(1)) { upkeep, partitions in
            await upkeep.attempt("sweep", in: partitions) { pipeline, keys throws(PipelineError) in try await pipeline.sweep(keys) }
        }
    }

    private func tidyLoop() async {
        // The processes of each stage do it, so a partition is tidied three times as often.
        await every(.seconds(20)) { upkeep, partitions in
            guard !partitions.isEmpty else { return }
            await upkeep.attempt("tidy") { pipeline throws(PipelineError) in
                let alive = try await pipeline.aliveNames()
                await upkeep.attempt("tidy", in: partitions) { pipeline, keys throws(PipelineError) in
                    try await pipeline.hasten(keys)
                    // The clock of the partition itself decides, and it may be ahead of the one that `promoteLoop` asks.
                    if upkeep.promotes { try await pipeline.promote(keys) }
                    try await pipeline.trim(keys)
                    try await pipeline.reap(keys, alive: alive)
                }
            }
        }
    }

    /// Counts while the other work goes on, never before it: a million entries may wait.
    private func recountLoop() async {
        while !Task.isCancelled {
            await attempt("recount") { pipeline throws(PipelineError) in try await pipeline.recount(as: self.name) }
            try? await sleep(for: .seconds(10) * Int.random(in: 80...120) / 100)
        }
    }

    /// Calls `body` again and again with the partitions that this process looks after in that round.
    private func every(_ interval: Duration, _ body: @ServiceActor (PipelineUpkeep, [Keys]) async -> Void) async {
        await rounds.each(interval) { partitions in await body(self, partitions) }
    }

    /// Tries the same for each partition, for some of them side by side.
    private func attempt<Value: Sendable>(
        _ doing: String, in partitions: [Keys], _ body: @escaping @ServiceActor (OrderPipeline, Keys) async throws(PipelineError) -> Value
    ) async {
        for start in stride(from: 0, to: partitions.count, by: Self.together) {
            let some = partitions[start..<min(start + Self.together, partitions.count)]
            _ = await pipeline.outcomes(in: some) { keys throws(PipelineError) in
                await self.attempt(doing) { pipeline throws(PipelineError) in try await body(pipeline, keys) }
            }
        }
    }

    /// Tries work on the pipeline while Redis is there, and tells the observer if it fails.
    private func attempt<Value>(_ doing: String, _ body: @ServiceActor (OrderPipeline) async throws(PipelineError) -> Value) async {
        guard pipeline.redis.isConnected else { return }
        do throws(PipelineError) { _ = try await body(pipeline) } catch { observer.failed(doing: doing, error: error) }
    }
}
