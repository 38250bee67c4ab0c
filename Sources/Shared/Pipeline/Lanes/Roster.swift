public import EventLoop

/// The processes that serve a consumer group, as this process knows them from its heartbeats, and with them this process' part of the partitions.
///
/// A process that cannot learn of the others keeps what it knows, and at the start it knows itself alone. Then it serves more than its part, which
/// does no harm: the fence decides who may write.
@ServiceActor
public final class Roster {
    /// How long a process counts as one that serves after its last heartbeat, in ms. With the next look of the others this is less than 5 s.
    static let freshness: UInt64 = 3_500
    /// Without an answer for so long, the others may not have been heard either.
    private static let silence = Duration.seconds(2)

    /// The consumer group.
    public let group: String
    /// This process' name.
    public let name: String
    private var rendezvous: Rendezvous
    /// Whether this process reads. The others count on it as soon as they hear of it.
    public internal(set) var isServing = false { didSet { if isServing != oldValue { announce?() } } }
    /// Called when the others are to hear at once whether this process serves.
    var announce: (@ServiceActor () -> Void)?
    /// Called when the part of this process may have changed.
    var onChange: (@ServiceActor () -> Void)?
    /// The others and this process.
    private(set) var names: Set<String>
    private var ranks: [Int: Int?] = [:]
    private var lastAnswer: MonotonicInstant?
    private var keptUntil = MonotonicInstant.now

    /// A roster that knows only the process of this name. The group shares out this number of partitions.
    public init(group: String, name: String, partitions: Int) {
        self.group = group
        self.name = name
        rendezvous = Rendezvous(group: group, partitions: partitions)
        names = [name]
    }

    /// Shares out more partitions from now on. Of the ones before, each is served by no more processes than until now, and by some of those.
    public func share(out partitions: Int) {
        guard partitions != rendezvous.partitions else { return }
        rendezvous = Rendezvous(group: group, partitions: partitions)
        ranks.removeAll()
        onChange?()
    }

    /// The place of this process among those that serve a partition, from 0; nil if others serve it.
    func rank(of partition: Int) -> Int? {
        if let known = ranks[partition] { return known }
        let rank = rendezvous.servers(of: partition, among: names).firstIndex(of: name)
        ranks.updateValue(rank, forKey: partition)
        return rank
    }

    /// Takes over the names that a heartbeat was answered with. After a silence no name goes until all have had time for a heartbeat.
    func learn(_ found: [String]) {
        if let lastAnswer, lastAnswer.elapsed > Self.silence { keptUntil = .now + .milliseconds(Int64(Self.freshness)) }
        lastAnswer = .now
        let learned = Set(found).union(keptUntil > .now ? names : [name])
        guard learned != names else { return }
        names = learned
        ranks.removeAll()
        onChange?()
    }
}
