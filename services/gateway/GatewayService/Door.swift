internal import EventLoop
internal import HTTP
internal import Observability
internal import Pipeline
internal import Redis

/// Beyond what the door is closed.
struct DoorLimits {
    /// Entries on `accepted` that no router has been given.
    let maxBacklog: Int
    /// Age of the oldest of them; nil for no limit.
    let maxWait: Duration?
    /// Share of Redis' memory limit, in per cent, above which new orders are refused so that what is inside can drain.
    let maxMemoryPercent = 75
}

/// Sheds load before it is taken in: an order that is refused has cost nothing and lost nothing.
@ServiceActor
final class Door {
    static let pausedCode = "PAUSED"

    private let limits: DoorLimits
    private let lag: LagSampler
    private let pressure: RedisPressure

    init(limits: DoorLimits, lag: LagSampler, pressure: RedisPressure) {
        self.limits = limits
        self.lag = lag
        self.pressure = pressure
    }

    /// Throws a 503 where the engine is too far behind to take more.
    func check() throws(Problem) {
        if let latest = lag.latest {
            if latest.backlog >= limits.maxBacklog {
                throw Self.busy("The engine has \(latest.backlog) orders waiting, which is its limit; try again in a few seconds")
            }
            if let maxWait = limits.maxWait, latest.oldestWaitingMs > UInt64(maxWait.millisecondsRoundedUp) {
                throw Self.busy("Orders wait longer than the engine allows; try again in a few seconds")
            }
        }
        if pressure.percent > limits.maxMemoryPercent {
            throw Self.busy("The engine's memory is nearly full; try again in a few seconds")
        }
    }

    /// The refusal while somebody has shut the door.
    static func paused(reason: String) -> Problem {
        let why = reason.isEmpty ? "" : " (\(reason))"
        return Problem(
            503, code: pausedCode, "The engine takes no new orders for now\(why); those it has go on. Try again later",
            headers: [("Retry-After", "30")])
    }

    private static func busy(_ sentence: String) -> Problem {
        Problem(503, code: "OVERLOADED", sentence, headers: [("Retry-After", "5")])
    }
}

/// How full Redis is, sampled each second.
@ServiceActor
final class RedisPressure {
    private let redis: RedisClient
    private let log: Logger
    /// Used memory in per cent of the limit; 0 where there is no limit.
    private(set) var percent = 0

    init(redis: RedisClient, log: Logger) {
        self.redis = redis
        self.log = log
    }

    func run() async {
        while !Task.isCancelled {
            do throws(RedisError) {
                percent = Self.percent(try await redis.send(["INFO", "memory"]).string ?? "")
            } catch {
                // Without the right to ask, only Redis itself can say that it is full.
                if let words = error.words { log.limited(.warning, "door.memory_unknown", every: .seconds(300), ["reason": .string(words)]) }
            }
            try? await sleep(for: .seconds(1))
        }
    }

    static func percent(_ text: String) -> Int {
        let info = RedisInfo(text)
        guard let used = info.number("used_memory"), let limit = info.number("maxmemory"), limit > 0 else { return 0 }
        return RedisInfo.percent(used, of: limit)
    }
}
