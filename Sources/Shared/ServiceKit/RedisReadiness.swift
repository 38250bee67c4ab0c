internal import EventLoop
internal import Observability
internal import Pipeline
internal import Redis

/// Makes each new connection to Redis fit for work, looks from time to time whether it still is, and says why it is not.
@ServiceActor
final class RedisReadiness {
    private static let interval = Duration.seconds(5)

    private let redis: RedisClient
    private let pipeline: OrderPipeline
    private let heartbeat: Heartbeat
    private let log: Logger
    private let pause = LoopSignal()
    private var isStopping = false
    private var isPrepared = false
    /// Why the connection cannot be worked with, as the last look has found; nil where nothing is wrong.
    private(set) var defect: String?

    init(redis: RedisClient, pipeline: OrderPipeline, heartbeat: Heartbeat, log: Logger) {
        self.redis = redis
        self.pipeline = pipeline
        self.heartbeat = heartbeat
        self.log = log
    }

    /// Why no work can be done with Redis, in words that anybody may see; nil where it can.
    var trouble: String? {
        guard redis.hasConnection else { return PipelineError(redis.unavailable).cause }
        // What Redis says each second is newer than the last look.
        if let failure = heartbeat.failure, failure.words != nil { return failure.cause }
        return defect ?? (isPrepared ? nil : "Redis is being prepared")
    }

    /// Whether it is only that nothing is heard of Redis, as far as is known.
    var isAway: Bool { !redis.hasConnection && redis.unavailable.words == nil }

    /// Prepares a new connection, again and again until that has succeeded or the connection has ended. Returns whether it has succeeded.
    ///
    /// - Parameter body: makes what has to be there, once others can see this process. Throws `PipelineError`, and anything else where it makes no
    ///   sense to go on.
    func prepare(_ body: @ServiceActor () async throws -> Void) async throws -> Bool {
        isPrepared = false
        var backoff = Backoff(first: .milliseconds(100), max: .seconds(1))
        while redis.hasConnection, !isStopping {
            do {
                defect = try await lack()
                if defect == nil {
                    // First, so that a process that is to change what all agree on sees this one.
                    await heartbeat.beat()
                    if let failure = heartbeat.failure { throw failure }
                    try await body()
                    isPrepared = true
                    return true
                }
            } catch let error as PipelineError {
                defect = error.cause
            }
            log.limited(.warning, "redis.not_prepared", every: .seconds(5), ["reason": .string(trouble ?? "unknown")])
            _ = try? await pause.wait(upTo: backoff.next())
        }
        return false
    }

    /// Looks again every few seconds until the task is cancelled: rights can be taken away and given back while a connection stands.
    func watch() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.interval * Int.random(in: 80...120) / 100)
            if isPrepared && redis.hasConnection { await look() }
        }
    }

    /// Looks once whether a prepared connection may still do everything.
    func look() async {
        let before = defect
        do throws(PipelineError) { defect = try await lack() } catch { if error.words != nil { defect = error.cause } }
        guard defect != before else { return }
        if let defect { log.warning("redis.unfit", ["reason": .string(defect)]) } else { log.info("redis.fit") }
    }

    /// Ends a preparation that waits for its next try.
    func stop() {
        isStopping = true
        pause.notify()
    }

    /// What the user of the connection lacks; nil where it may do everything.
    private func lack() async throws(PipelineError) -> String? {
        let missing = try await pipeline.missingRights()
        guard !missing.isEmpty else { return nil }
        let more = missing.count > 3 ? ", and \(missing.count - 3) more" : ""
        return "the user of REDIS_URL may not do all that the engine does: \(missing.prefix(3).joined(separator: ", "))\(more)"
    }
}
