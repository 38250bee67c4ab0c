internal import EventLoop
internal import HTTP
internal import Observability
internal import Pipeline
internal import Redis
internal import ServiceKit

/// The limits above which new orders are refused.
struct AdmissionLimits {
    /// Entries on `accepted` that no router has been given.
    var maxBacklog: Int
    /// Events that are not in Postgres yet: while it is away they and their orders pile up in Redis.
    var maxEventBacklog = 500_000
    /// Age of the oldest entry that no router has been given; nil for no limit.
    var maxWait: Duration?
    /// The wait of a new order for workers, at the rate at which they take orders; nil for no limit.
    var maxExpectedWait: Duration?
    /// Share of Redis' memory limit, in per cent, above which new orders are refused so that the orders inside can drain.
    let maxMemoryPercent = 75
}

/// Refuses new orders while the engine is too far behind. A refused order has cost nothing and lost nothing.
@ServiceActor
final class Admission {
    private let limits: AdmissionLimits
    private let lag: LagSampler
    private let pressure: RedisPressure
    private let intake: IntakeWatch

    init(limits: AdmissionLimits, lag: LagSampler, pressure: RedisPressure, intake: IntakeWatch) {
        self.limits = limits
        self.lag = lag
        self.pressure = pressure
        self.intake = intake
    }

    /// Lets an order in. It needs a call of `leave` once it is written or refused. Throws a 503 if the engine is too far behind to take more orders.
    func enter() throws(Problem) {
        try check()
        intake.enter()
    }

    func leave(since start: MonotonicInstant) { intake.leave(after: start.elapsed) }

    private func check() throws(Problem) {
        if let latest = lag.latest {
            if latest.maxBacklog >= limits.maxBacklog { throw .tooManyOrdersWaiting(latest.maxBacklog) }
            if latest.maxUnstored >= limits.maxEventBacklog { throw .tooManyEventsUnstored(latest.maxUnstored) }
            if let maxWait = limits.maxWait, latest.oldestWaitingMs > UInt64(maxWait.millisecondsRoundedUp) { throw .waitTooLong }
        }
        if let maxWait = limits.maxExpectedWait, intake.refuses(beyond: maxWait) { throw .moreThanWorkersTake }
        if pressure.percent > limits.maxMemoryPercent { throw .memoryNearlyFull }
    }
}

/// How full Redis is, in a cluster its fullest master, sampled once per second.
@ServiceActor
final class RedisPressure {
    private let redis: RedisClient
    private let log: Logger
    /// Used memory in per cent of the limit; 0 if there is no limit.
    private(set) var percent = 0

    init(redis: RedisClient, log: Logger) {
        self.redis = redis
        self.log = log
    }

    func run() async {
        while !Task.isCancelled {
            do throws(RedisError) {
                percent = try await fullest()
            } catch {
                // Without the right to INFO, the gateway learns only from a refused write that Redis is full.
                if let words = error.words { log.limited(.warning, "door.memory_unknown", every: .seconds(300), ["reason": .string(words)]) }
            }
            try? await sleep(for: .seconds(1))
        }
    }

    private func fullest() async throws(RedisError) -> Int {
        var percent = 0
        for master in redis.masters { percent = max(percent, RedisInfo(try await master.send(["INFO", "memory"]).string ?? "").memoryPercent) }
        return percent
    }
}
