public import EventLoop
internal import Redis

/// Bounds the first attempts of a minute over all executors: places are taken before reading, and given back where they were not needed.
@ServiceActor
public final class AttemptBudget {
    /// What was granted.
    public struct Grant: Sendable {
        /// The places, to be given back one by one where they stay empty.
        public let places: [String]
        /// Time until a place may be free, when none was granted.
        public let wait: Duration
    }

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
        return Grant(places: values.dropFirst().compactMap { $0.string }, wait: .milliseconds(wait))
    }

    /// Whether retries may be taken past first attempts: not while a process of a version runs that would cut off the stream what waits between.
    func mayOvertake() async -> Bool {
        if let lastCheck, lastCheck.at.elapsed < .seconds(5) { return lastCheck.allowed }
        guard let instances = try? await pipeline.instances() else { return false }
        // Each version that knows of it says its count of partitions in its heartbeat.
        let allowed = instances.allSatisfy { $0.service == "gateway" || $0.fields["partitions"] != nil }
        lastCheck = (.now, allowed)
        return allowed
    }

    /// Gives places back. Lost while Redis is away: they run out after a minute by themselves.
    public func giveBack(_ places: [String]) async {
        guard !places.isEmpty else { return }
        _ = try? await pipeline.run(Scripts.allow, keys: Keys.attempts, ["return"] + places)
    }
}
