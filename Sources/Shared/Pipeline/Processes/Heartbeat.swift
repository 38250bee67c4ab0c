public import EventLoop
public import Redis

/// A process that is alive, by its heartbeat.
public struct ServiceInstance: Sendable {
    /// Service, host and a random part.
    public let name: String
    /// gateway, router, executor or notifier.
    public let service: String
    /// The fields of its heartbeat.
    public let fields: [String: String]
}

/// Tells the other processes that this process is alive, and keeps the time of Redis for it.
@ServiceActor
public final class Heartbeat {
    /// Time to live of a heartbeat in ms. A process without a younger heartbeat counts as gone.
    public static let timeToLive: UInt64 = 5_000

    /// This process' name, which is also its name as a consumer.
    public let name: String
    /// Redis' time, from the last heartbeat's reply and the monotonic clock.
    public let clock = RedisClock()
    /// How far Redis' own clock is behind the engine's time, because it was set back.
    public private(set) var setBack = Duration.zero
    /// The processes of this process' consumer group, which tell each other by their heartbeats that they serve it; nil if it reads no streams.
    public var roster: Roster? {
        didSet { roster?.announce = { [weak self] in Loop.spawn { await self?.beat() } } }
    }
    /// Called after each heartbeat that was answered.
    public var onBeat: (@ServiceActor () -> Void)?
    /// Why the last heartbeat failed; nil if it did not.
    public private(set) var failure: PipelineError?
    private let redis: RedisClient
    private let service: String
    private let fields: @ServiceActor () -> [String: String]

    /// A heartbeat; `fields` is called for each beat.
    public init(redis: RedisClient, service: String, name: String, fields: @escaping @ServiceActor () -> [String: String]) {
        self.redis = redis
        self.service = service
        self.name = name
        self.fields = fields
    }

    /// Beats about once per second until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            await beat()
            try? await sleep(for: .milliseconds(Int.random(in: 900...1100)))
        }
    }

    /// Beats once and sets `failure`.
    public func beat() async {
        let values = fields().merging(["service": service]) { own, _ in own }.flatMap { [$0.key, $0.value] }
        do throws(RedisError) {
            let serving = roster.map { [Keys.serving($0.group)] } ?? []
            let reply = try await redis.evaluate(
                Scripts.heartbeat, keys: [Keys.services, Keys.service(name)] + serving,
                arguments: [name, String(Self.timeToLive), String(Roster.freshness), roster?.isServing == true ? "1" : "0"] + values)
            let answer = reply.array ?? []
            let times = answer.compactMap(\.milliseconds)
            guard times.count == 2, let others = answer.last?.array else {
                failure = PipelineError(.unexpectedReply, "the heartbeat was answered by no time")
                return
            }
            // The time is set as of the reply, so the clock is a little behind. Such a clock refuses a little early. A clock that is ahead would
            // stamp orders with times in the future.
            clock.set(times[0], asOf: .now)
            setBack = .milliseconds(times[1])
            failure = nil
            roster?.learn(others.compactMap(\.string))
            onBeat?()
        } catch {
            failure = PipelineError(error)
        }
    }

    /// Removes the process from the list of those that are alive.
    public func end() async {
        if let roster { _ = try? await redis.send(["ZREM", Keys.serving(roster.group), name]) }
        _ = try? await redis.send(["ZREM", Keys.services, name])
        _ = try? await redis.send(["DEL", Keys.service(name)])
    }
}

/// The time of Redis, which stamps orders and decides deadlines. It is one clock for all processes, whatever their own clocks show. It goes on if
/// Redis' own clock is set back.
@ServiceActor
public final class RedisClock {
    private var time: UInt64?
    private var read = MonotonicInstant.now

    /// A clock that no heartbeat has set yet.
    public init() {}

    func set(_ time: UInt64, asOf moment: MonotonicInstant) {
        self.time = time
        read = moment
    }

    /// Milliseconds since 1970; nil before the first heartbeat.
    public var now: UInt64? { time.map { $0 + read.elapsedMilliseconds } }
}

extension MonotonicInstant {
    var elapsedMilliseconds: UInt64 { UInt64(max(0, elapsed.nanosecondsClamped / 1_000_000)) }
}

extension OrderPipeline {
    /// The processes that are alive. Read from the set of names, never by SCAN.
    public func instances() async throws(PipelineError) -> [ServiceInstance] {
        let names = try await aliveNames()
        var result: [ServiceInstance] = []
        for name in names {
            var fields: [String: String] = [:]
            for (name, value) in try await send(["HGETALL", Keys.service(name)]).pairs { fields[name.string ?? ""] = value.string ?? "" }
            if let service = fields["service"] { result.append(ServiceInstance(name: name, service: service, fields: fields)) }
        }
        return result
    }

    /// The name of a process that is alive and fits; nil for none. Waits for the end of the heartbeat of a process that has just ended.
    public func lasting(_ fits: @ServiceActor (ServiceInstance) -> Bool) async throws -> String? {
        let start = MonotonicInstant.now
        while true {
            let found = try await instances().first(where: fits)
            guard found != nil, start.elapsed < .milliseconds(Int(Heartbeat.timeToLive) + 1000) else { return found?.name }
            try await sleep(for: .milliseconds(300))
        }
    }

    /// The names of the processes that are alive.
    public func aliveNames() async throws(PipelineError) -> [String] {
        let now = try await time()
        let since = String(now - min(now, Heartbeat.timeToLive))
        return (try await send(["ZRANGEBYSCORE", Keys.services, since, "+inf"]).array ?? []).compactMap { $0.string }
    }
}
