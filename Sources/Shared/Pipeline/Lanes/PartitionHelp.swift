internal import EventLoop
internal import Orders
internal import Redis

/// Finds the partitions that wait though others should serve them, so that this process joins in: a process that is alive may still read nothing.
@ServiceActor
final class PartitionHelp {
    /// How long entries wait before others join in.
    private let patience: Duration
    /// Time between two looks. It differs from look to look, so that not all processes join in at one moment.
    private static let interval = Duration.seconds(3)

    private let pipeline: OrderPipeline
    private let stream: @Sendable (Keys) -> String
    private let visibilityTimeout: Duration
    private let canHelp: @ServiceActor () -> Bool
    private let observer: any StreamObserver
    private var needed: Set<Int> = []
    /// Called when other partitions need help than before.
    var onChange: (@ServiceActor () -> Void)?

    /// - Parameters:
    ///   - stream: the stream of a partition.
    ///   - patience: how long entries wait before others join in.
    ///   - canHelp: whether this process has room for more, and new entries are not held back on purpose.
    init(
        _ pipeline: OrderPipeline, stream: @escaping @Sendable (Keys) -> String, patience: Duration = .seconds(10), visibilityTimeout: Duration,
        observer: any StreamObserver, canHelp: @escaping @ServiceActor () -> Bool
    ) {
        self.pipeline = pipeline
        self.stream = stream
        self.patience = patience
        self.visibilityTimeout = visibilityTimeout
        self.observer = observer
        self.canHelp = canHelp
    }

    /// Whether a partition waited at the last look.
    func isNeeded(_ partition: Int) -> Bool { needed.contains(partition) }

    /// Looks every few seconds until the task is cancelled.
    func run(beside roster: Roster) async {
        while true {
            try? await sleep(for: Self.interval * Int.random(in: 70...130) / 100)
            guard !Task.isCancelled else { return }
            await look(roster)
        }
    }

    /// Looks once. What cannot be learnt stays as it was.
    func look(_ roster: Roster) async {
        let others = pipeline.partitions.filter { roster.rank(of: $0.partition) == nil }
        do throws(PipelineError) {
            var waiting: Set<Int> = []
            if canHelp(), !others.isEmpty {
                waiting = try await pipeline.waiting(others, stream, roster.group, for: patience, abandonedAfter: visibilityTimeout)
            }
            guard waiting != needed else { return }
            needed = waiting
            onChange?()
        } catch {
            observer.failed(doing: "help", error: error)
        }
    }
}
