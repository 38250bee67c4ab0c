public import EventLoop

/// Whose turn it is to look after a partition.
///
/// The first two processes that serve it do, so the cost does not grow with the number of processes. The first of them does it each time. The second
/// does it each tenth time, for the time in which nobody knows yet that the first one has gone.
@ServiceActor
public struct UpkeepRounds {
    /// Of so many rounds the second process of a partition takes part in one.
    private static let slowRounds = 10

    private let pipeline: OrderPipeline
    private let roster: Roster

    public init(pipeline: OrderPipeline, roster: Roster) { (self.pipeline, self.roster) = (pipeline, roster) }

    /// Whether this process is the first of those that serve a partition.
    public func isFirst(in partition: Int) -> Bool { roster.rank(of: partition) == 0 }

    /// Calls `body` again and again with the partitions that this process looks after in that round, until the task is cancelled.
    public func each(_ interval: Duration, _ body: @ServiceActor ([Keys]) async -> Void) async {
        // Processes that start at one moment take part in different rounds.
        var round = Int.random(in: 0..<Self.slowRounds)
        while !Task.isCancelled {
            let isSlow = round % Self.slowRounds == 0
            let partitions = pipeline.partitions.filter { keys in roster.rank(of: keys.partition).map { $0 == 0 || $0 == 1 && isSlow } ?? false }
            await body(partitions)
            round += 1
            // Jitter keeps replicas from asking in step.
            try? await sleep(for: interval * Int.random(in: 80...120) / 100)
        }
    }
}
