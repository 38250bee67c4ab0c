internal import Orders

/// Chooses the processes that serve a partition for a consumer group, by rendezvous hashing. Every process finds the same ones without asking, and a
/// process that joins or leaves moves only its own share.
struct Rendezvous: Sendable {
    /// Processes that serve a partition at least. The second one reads on at once when the first has gone.
    private static let minServers = 2
    /// Partitions that a process serves on average at least. With fewer of them chance would leave some processes without work.
    private static let minShare = 4

    /// The consumer group: the processes of one stage.
    let group: String
    /// How many partitions there are.
    let partitions: Int

    /// How many of so many processes serve each partition. With many processes and few partitions they are more than two, so that all have work.
    static func servers(_ processes: Int, _ partitions: Int) -> Int {
        min(processes, max(minServers, (minShare * processes + partitions - 1) / partitions))
    }

    /// The names that serve a partition, the first one first.
    func servers(of partition: Int, among names: some Collection<String>) -> [String] {
        let seed = Self.mixed(FNV1a.hash64(group.utf8) &+ UInt64(truncatingIfNeeded: partition))
        let weighed = names.map { (weight: Self.mixed(FNV1a.hash64($0.utf8) ^ seed), name: $0) }
        // Names of one weight are told apart by themselves, so that all processes agree.
        return weighed.sorted { ($0.weight, $0.name) > ($1.weight, $1.name) }.prefix(Self.servers(names.count, partitions)).map(\.name)
    }

    /// The last step of SplitMix64: names that differ in one letter get weights that have nothing to do with each other.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var bits = value &+ 0x9e37_79b9_7f4a_7c15
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}
