internal import EventLoop

/// The lanes of a process. They open and close as the processes that serve the group come and go, and for partitions that wait though others should
/// serve them.
@ServiceActor
final class LaneSet<Member: Lane> {
    /// The longest time without a look at the roster.
    private static var lookInterval: Duration { .seconds(1) }

    private let pipeline: OrderPipeline
    private let roster: Roster
    private let help: PartitionHelp
    private let open: @ServiceActor (Keys) -> Member
    private var lanes: [Int: Member] = [:]
    private let wake = LoopSignal()
    private var isStopping = false

    /// Lanes that `open` makes, each when it is needed.
    init(_ pipeline: OrderPipeline, roster: Roster, help: PartitionHelp, open: @escaping @ServiceActor (Keys) -> Member) {
        self.pipeline = pipeline
        self.roster = roster
        self.help = help
        self.open = open
        roster.onChange = { [weak self] in self?.wake.notify() }
        help.onChange = { [weak self] in self?.wake.notify() }
    }

    /// The lanes that read or still have something in hand.
    var all: some Collection<Member> { lanes.values }
    /// The partitions that are read.
    var served: Set<Int> { Set(lanes.filter(\.value.isWanted).keys) }

    /// Runs until `stop` has finished.
    func run() async {
        await withDiscardingTaskGroup { group in
            let helping = Loop.spawn { await self.help.run(beside: self.roster) }
            while !isStopping, !Task.isCancelled {
                for partition in update() { group.addTask { await self.run(partition) } }
                // Only a process that reads says that it serves: until then others go on.
                roster.isServing = true
                _ = try? await wake.wait(upTo: Self.lookInterval)
            }
            helping.cancel()
            await helping.value
        }
    }

    /// Opens the lanes that this process is to have and has not, and gives up the others. Returns the partitions of the new ones.
    private func update() -> [Int] {
        var opened: [Int] = []
        for keys in pipeline.partitions {
            let isWanted = roster.rank(of: keys.partition) != nil || help.isNeeded(keys.partition)
            if let lane = lanes[keys.partition] {
                lane.isWanted = isWanted
            } else if isWanted {
                lanes[keys.partition] = open(keys)
                opened.append(keys.partition)
            }
        }
        return opened
    }

    private func run(_ partition: Int) async {
        await lanes[partition]?.run()
        lanes[partition] = nil
        // The partition may be this process' again.
        wake.notify()
    }

    /// Stops all lanes, each within `grace`. The others hear of it first, so that they read meanwhile.
    func stop(within grace: Duration) async {
        isStopping = true
        roster.isServing = false
        wake.notify()
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes.values { group.addTask { await lane.stop(within: grace) } }
        }
    }

    func connectionRestored() { for lane in lanes.values { lane.connectionRestored() } }
}
