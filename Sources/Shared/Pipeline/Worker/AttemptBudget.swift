public import EventLoop
internal import Redis

/// Limits the first attempts per minute over all executors. Places are taken before reading, and given back if they were not needed.
@ServiceActor
public final class AttemptBudget {
    /// The places that were granted.
    public struct Grant: Sendable {
        /// The places. Each one that stays empty is given back.
        public let places: [String]
        /// Time until a place may be free, if none was granted.
        public let wait: Duration
    }

    /// Whether the last request was granted nothing, so that first attempts wait on purpose.
    private(set) var isUsedUp = false
    private let pipeline: OrderPipeline
    private let perMinute: Int
    private var lastCheck: (at: MonotonicInstant, allowed: Bool)?

    /// A budget of `perMinute` first attempts in any 60 seconds.
    public init(pipeline: OrderPipeline, perMinute: Int) {
        self.pipeline = pipeline
        self.perMinute = perMinute
    }

    /// Takes up to `wanted` places; none while Redis is away.
    public func take(_ wanted: Int) async -> Grant {
        let reply = try? await pipeline.run(Scripts.allow, keys: Keys.attempts, ["take", String(wanted), String(perMinute)])
        guard let values = reply?.array, let wait = values.first?.integer else { return Grant(places: [], wait: .seconds(1)) }
        isUsedUp = values.count == 1
        return Grant(places: values.dropFirst().compactMap { $0.string }, wait: .milliseconds(wait))
    }

    /// Whether retries may overtake first attempts. They may not while a process of an old version runs: it would trim the waiting entries between
    /// them.
    func mayOvertake() async -> Bool {
        if let lastCheck, lastCheck.at.elapsed < .seconds(5) { return lastCheck.allowed }
        guard let instances = try? await pipeline.instances() else { return false }
        // Every version that knows about overtaking names its count of partitions in its heartbeat.
        let allowed = instances.allSatisfy { $0.service == "gateway" || $0.fields["partitions"] != nil }
        lastCheck = (.now, allowed)
        return allowed
    }

    /// Gives places back. This may fail while Redis is away: the places run out after a minute by themselves.
    public func giveBack(_ places: [String]) async {
        guard !places.isEmpty else { return }
        _ = try? await pipeline.run(Scripts.allow, keys: Keys.attempts, ["return"] + places)
    }
}
