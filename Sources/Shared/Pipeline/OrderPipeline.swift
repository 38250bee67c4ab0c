public import EventLoop
public import Orders
public import Redis

/// The settings of a pipeline.
public struct PipelineSettings: Sendable {
    /// Partitions, from 1.
    public var partitions: Int
    /// How long an order that is final and stored stays in Redis, in ms.
    public var orderStateTTL: UInt64
    /// How often one stage may start an order in one round. After that the order is given up.
    public var maxStarts: Int
    /// How long a step is repeated while Redis is away or not ready.
    public var patience: Duration

    /// Settings by value. The defaults are those of the services.
    public init(partitions: Int = 1, orderStateTTL: UInt64 = 600_000, maxStarts: Int = 5, patience: Duration = .seconds(60)) {
        self.partitions = partitions
        self.patience = patience
        self.orderStateTTL = orderStateTTL
        self.maxStarts = maxStarts
    }
}

/// The life of orders in Redis. Every change of an order is one run of a script, which writes one legal transition or nothing.
@ServiceActor
public final class OrderPipeline {
    /// The connection for everything that does not block.
    public let redis: RedisClient
    /// What waits for replicas; nil if the master is enough.
    public let barrier: ReplicaBarrier?
    public let settings: PipelineSettings
    /// The partitions that this process reads. They may become more while the engine works.
    public private(set) var partitions: [Keys]
    /// What the processes agreed on when this one last asked; before that, what it was started with.
    private(set) var agreement: PipelineAgreement
    /// Called with each step of this process and its outcome, for metrics.
    public var onStep: (@ServiceActor (StepReport) -> Void)?
    /// Called when Redis has refused a command or a script, with its name, for the log.
    public var onRefusal: (@ServiceActor (_ command: String, PipelineError) -> Void)?
    /// Called when this process has ended an order, for metrics. Not called if the answer of the last step was lost.
    public var onEnd: (@ServiceActor (OrderEnd) -> Void)?
    /// Called when this process is to read more partitions.
    public var onGrowth: (@ServiceActor () -> Void)?
    /// Called when a script has left something out, for logs and metrics.
    public var onOmission: (@ServiceActor (ScriptOmission) -> Void)?
    /// Whether the clock of Redis was set back, so that the time in the ids of entries cannot be used.
    public var isClockSetBack = false
    /// Steps that are taken many at once.
    private(set) lazy var usual = UsualSteps(pipeline: self)
    /// The waits for the next step of a delivery, by its token.
    var waitingForSteps: [String: Promise<Void>] = [:]

    /// A pipeline on a connection. The owner of the connection runs it, and the barrier.
    public init(redis: RedisClient, settings: PipelineSettings, barrier: ReplicaBarrier? = nil) {
        self.redis = redis
        self.barrier = barrier
        self.settings = settings
        partitions = (0..<settings.partitions).map { Keys(partition: $0) }
        agreement = PipelineAgreement(partitions: settings.partitions)
    }

    /// Whether Redis can be reached.
    public var isConnected: Bool { redis.isConnected }

    /// Waits until Redis can be reached. Returns whether it could be within the limit.
    public func isConnected(within limit: Duration) async -> Bool { (try? await redis.connected(within: limit)) != nil }

    /// The keys of an order's partition. Also of one that this process does not read: the others may have begun to.
    public func keys(of id: OrderID) -> Keys { partitions.indices.contains(id.partition) ? partitions[id.partition] : Keys(partition: id.partition) }

    /// Goes by what the processes agree on from now on. Partitions that were read are read on.
    func follow(_ agreement: PipelineAgreement) {
        self.agreement = agreement
        guard agreement.most > partitions.count else { return }
        partitions += (partitions.count..<agreement.most).map { Keys(partition: $0) }
        onGrowth?()
    }

    /// Runs a script once. An error is one of Redis or of the connection; if the outcome is unknown, it says so.
    public func run(
        _ script: RedisScript, keys: [String], _ arguments: [String], timeout: Duration? = nil
    ) async throws(PipelineError) -> RedisValue {
        do {
            return answer(of: script, try await redis.evaluate(script, keys: keys, arguments: arguments, timeout: timeout))
        } catch {
            throw tell(PipelineError(error), of: script.name)
        }
    }

    /// Sends a command once, with the errors of `run`.
    public func send(_ command: [String]) async throws(PipelineError) -> RedisValue {
        do {
            return try await redis.send(command)
        } catch {
            throw tell(PipelineError(error), of: command[0])
        }
    }

    /// Sends a command that is about a whole server, with the errors of `run`.
    func send(_ command: [String], to master: RedisNode) async throws(PipelineError) -> RedisValue {
        do {
            return try await master.send(command)
        } catch {
            throw tell(PipelineError(error), of: command[0])
        }
    }

    /// Sends commands, all of them before the first is answered. Returns their replies in order. An error is one of the connection.
    func send(all commands: [[String]]) async throws(PipelineError) -> [Result<RedisValue, RedisError>] {
        do {
            return try await redis.send(all: commands)
        } catch {
            throw PipelineError(error)
        }
    }

    private func tell(_ error: PipelineError, of command: String) -> PipelineError {
        if error.words != nil { onRefusal?(command, error) }
        return error
    }

    /// The time of Redis, in ms, never earlier than a time that was kept before. `RedisClock` has the same time, but needs a heartbeat.
    public func time() async throws(PipelineError) -> UInt64 {
        guard let time = try await run(Scripts.now, keys: [Keys.services], []).milliseconds else {
            throw PipelineError(.unexpectedReply, "Redis answered no time")
        }
        return time
    }

    /// Runs a script that may run twice. Repeats it while Redis is away, for at most the settings' patience.
    func persist(_ script: RedisScript, keys: [String], _ arguments: [String]) async throws(PipelineError) -> RedisValue {
        try await patiently { () throws(PipelineError) in try await run(script, keys: keys, arguments) }
    }

    /// Repeats what may run twice while Redis is away, for at most the settings' patience.
    func patiently(_ body: @ServiceActor () async throws(PipelineError) -> RedisValue) async throws(PipelineError) -> RedisValue {
        let start = MonotonicInstant.now
        var backoff = Backoff(first: .milliseconds(20), max: .seconds(1))
        while true {
            do {
                return try await body()
            } catch {
                guard error.isPassing, start.elapsed < settings.patience, !Task.isCancelled else { throw error }
                try? await sleep(for: backoff.next())
            }
        }
    }
}
