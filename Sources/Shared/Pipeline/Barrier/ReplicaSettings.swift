/// How many replicas must have what an answer is built on, and how safely.
public struct ReplicaSettings: Sendable, Equatable {
    /// From 1. Only if these are all replicas that there are, the one that takes over has it.
    public var count: Int
    /// Whether a replica must have it on its disk, and the master too (`WAITAOF`, from Redis 7.2 on), or only in memory (`WAIT`).
    public var onDisk: Bool
    /// How long replicas may take.
    public var limit: Duration

    public init(count: Int, onDisk: Bool = false, limit: Duration = .milliseconds(300)) {
        (self.count, self.onDisk, self.limit) = (count, onDisk, limit)
    }
}
