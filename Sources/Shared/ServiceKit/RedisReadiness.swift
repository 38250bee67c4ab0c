internal import EventLoop
internal import Observability
internal import Pipeline
internal import Redis

/// Prepares each new connection to Redis, checks from time to time whether it can still be used, and says why not.
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
    /// Why the connection cannot be used, as the last check has found; nil if nothing is wrong.
    private(set) var defect: String?

    init(redis: RedisClient, pipeline: OrderPipeline, heartbeat: Heartbeat, log: Logger) {
        self.redis = redis
        self.pipeline = pipeline
        self.heartbeat = heartbeat
        self.log = log
    }

    /// Why Redis cannot be used, in words that anybody may see; nil if it can.
    var trouble: String? {
        guard redis.hasConnection else { return PipelineError(redis.unavailable).cause }
        // The answer to the last heartbeat is newer than the last check.
        if let failure = heartbeat.failure, failure.words != nil { return failure.cause }
        return defect ?? (isPrepared ? nil : "Redis is being prepared")
    }

    /// Whether Redis is simply away, as far as is known: there is no connection, and Redis has not refused one.
    var isAway: Bool { !redis.hasConnection && redis.unavailable.words == nil }

    /// Prepares a new connection. Repeats it until it has succeeded or the connection has ended. Returns whether it has succeeded.
    ///
    /// - Parameter body: creates what must exist in Redis, once other processes can see this one. Throws `PipelineError` to be repeated, and any
    ///   other error to give up.
    func prepare(_ body: @ServiceActor () async throws -> Void) async throws -> Bool {
        isPrepared = false
        var backoff = Backoff(first: .milliseconds(100), max: .seconds(1))
        while redis.hasConnection, !isStopping {
            do {
                defect = try await lack()
                if defect == nil {
                    // The heartbeat comes first, so that a process that wants to change the count of partitions sees this one.
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

    /// Checks every few seconds until the task is cancelled. Rights can be taken away and given back while a connection stays open.
    func watch() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.interval * Int.random(in: 80...120) / 100)
            if isPrepared && redis.hasConnection { await look() }
        }
    }

    /// Checks once whether a prepared connection may still do everything.
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

    /// The rights that the user of the connection lacks; nil if it may do everything.
    private func lack() async throws(PipelineError) -> String? {
        let missing = try await pipeline.missingRights()
        guard !missing.isEmpty else { return nil }
        let more = missing.count > 3 ? ", and \(missing.count - 3) more" : ""
        return "the user of REDIS_URL may not do all that the engine does: \(missing.prefix(3).joined(separator: ", "))\(more)"
    }
}
