/// How far orders are shared out over partitions.
public struct PartitionStanding: Sendable, Equatable {
    /// A count of before.
    public struct Former: Sendable, Equatable {
        public let count: Int
        /// Until then, in ms, records of idempotency keys are looked for where this count put them.
        public let until: UInt64
    }

    /// The count by which new orders are placed.
    public let count: Int
    /// The count that the engine grows to; nil if it does not.
    public let growingTo: Int?
    /// The processes that do not read all partitions yet.
    public let waitingFor: [String]
    public let former: [Former]
    /// The processes that were started with another `PARTITIONS`.
    public let outdated: [String]

    public init(count: Int, growingTo: Int? = nil, waitingFor: [String] = [], former: [Former] = [], outdated: [String] = []) {
        (self.count, self.growingTo, self.waitingFor, self.former, self.outdated) = (count, growingTo, waitingFor, former, outdated)
    }
}
