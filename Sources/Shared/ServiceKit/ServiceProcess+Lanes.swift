internal import Observability
public import Pipeline

extension ServiceProcess {
    /// The processes that serve a consumer group, this one among them as soon as it reads.
    public func joinRoster(_ group: String) -> Roster {
        let roster = Roster(group: group, name: name, partitions: pipeline.partitions.count)
        heartbeat.roster = roster
        return roster
    }

    /// Shows how many partitions this process reads.
    public func observeLanes(_ count: @escaping @Sendable () -> Int) {
        metrics.observe(.gauge, "partitions_served", help: "Partitions whose stream this process reads.") { Double(count()) }
    }
}
