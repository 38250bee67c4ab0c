internal import EventLoop
internal import Observability
internal import Pipeline
internal import Redis
internal import ServiceKit

/// Takes a growth of the partitions on, whichever gateway was asked for it. Several may do that at once.
@ServiceActor
final class PartitionGrowth {
    private static let interval = Duration.milliseconds(300)
    /// Rounds between two looks whether the counts of before can be forgotten: some minutes.
    private static let roundsToSettle = 1000

    private let process: ServiceProcess
    private let idempotencyTTL: UInt64

    /// - Parameter idempotencyTTL: how long the records of keys stay.
    init(process: ServiceProcess, idempotencyTTL: Duration) {
        self.process = process
        self.idempotencyTTL = UInt64(idempotencyTTL.millisecondsRoundedUp)
    }

    /// Runs until the task is cancelled.
    func run() async {
        var round = 0
        while !Task.isCancelled {
            try? await sleep(for: Self.interval * Int.random(in: 70...130) / 100)
            guard process.redis.isConnected else { continue }
            round += 1
            do throws(PipelineError) {
                if process.pipeline.isGrowing { try await advance() }
                if round.isMultiple(of: Self.roundsToSettle) { try await process.pipeline.settlePartitions() }
            } catch {
                process.observer.failed(doing: "grow", error: error)
            }
        }
    }

    private func advance() async throws(PipelineError) {
        guard try await process.pipeline.advanceGrowth(idempotencyTTL: idempotencyTTL) else { return }
        process.log.info("partitions.grown", ["count": .integer(process.pipeline.partitions.count)])
    }
}
