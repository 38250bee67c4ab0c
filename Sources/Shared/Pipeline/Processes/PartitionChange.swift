internal import EventLoop
internal import Orders
internal import Redis

/// Gives an engine that is paused and has nothing under way another count of partitions. Can be begun again where it was cut off.
@ServiceActor
struct PartitionChange {
    /// A process that has just ended has a heartbeat for that long.
    private static let patience = Duration.milliseconds(Int(Heartbeat.timeToLive) + 1000)

    /// What is left where a partition ends: orders that expire by themselves, the record of what has landed, and the pause until the end.
    private static let staying = ["order:", "landed", "paused"]

    private let pipeline: OrderPipeline
    private let before: OrderPipeline
    private let agreed: String
    private var given: Int { pipeline.settings.partitions }

    /// A change from the count that was agreed upon to the pipeline's own.
    init(to pipeline: OrderPipeline, from agreed: String) {
        self.pipeline = pipeline
        self.agreed = agreed
        var settings = pipeline.settings
        settings.partitions = min(max(Int(agreed) ?? 1, 1), 256)
        before = OrderPipeline(redis: pipeline.redis, settings: settings)
    }

    /// Makes the change. Throws `PartitionMismatch` where it cannot be made, and has changed nothing then.
    func run() async throws {
        if let obstacle = try await obstacle() { throw PartitionMismatch(agreed: agreed, given: given, obstacle: obstacle) }
        _ = try await pipeline.scan("orders:{[0-9]*}:*") { try await move($0) }
        _ = try await pipeline.scan("chain:{[0-9]*}:*") { try await move($0) }
        try await pipeline.pause(reason: try await before.currentPause()?.reason ?? "")
        _ = try await pipeline.send(["SET", Keys.agreement("partitions"), String(given)])
        for keys in before.partitions.dropFirst(given) { _ = try await pipeline.send(["DEL", keys.paused]) }
    }

    // MARK: Checks

    private func obstacle() async throws -> String? {
        for keys in before.partitions {
            guard try await pipeline.send(["EXISTS", keys.paused]).integer == 1 else { return "it is not paused" }
        }
        if let name = try await stranger() { return "\(name) is still running with it" }
        let lag = try await before.lag()
        for stream in lag.streams {
            let open = stream.groups.reduce(0) { $0 + $1.lag + $1.pending }
            guard open == 0, stream.length == 0 || !stream.groups.isEmpty else { return "not all entries of \(stream.key) are finished" }
        }
        guard lag.retriesWaiting == 0 else { return "\(lag.retriesWaiting) retries wait" }
        guard lag.deadLetters == 0 else { return "\(lag.deadLetters) dead letters are not settled" }
        var open: String?
        _ = try await pipeline.scan("orders:{[0-9]*}:order:*") { key in
            let state = try await pipeline.send(["HGET", key, "state"]).string.flatMap { OrderState(rawValue: $0) }
            if let state, !state.isFinal { open = String(key.drop { $0 != "}" }.dropFirst("}:order:".count)) }
            return open == nil
        }
        return open.map { "order \($0) is under way" }
    }

    /// A process that goes by another count; waits for the heartbeat of one that has just ended.
    private func stranger() async throws -> String? {
        let start = MonotonicInstant.now
        while true {
            let found = try await pipeline.instances().first { $0.fields["partitions"] != String(given) }
            guard found != nil, start.elapsed < Self.patience else { return found?.name }
            try await sleep(for: .milliseconds(300))
        }
    }

    // MARK: Moving

    /// Takes an idempotency record to where its key is looked for from now on, and what is finished out of partitions that are no more. Always true.
    private func move(_ key: String) async throws -> Bool {
        let name = key.utf8
        guard let open = name.firstIndex(of: UInt8(ascii: "{")), let close = name.firstIndex(of: UInt8(ascii: "}")), open < close,
            let partition = Int(key[name.index(after: open)..<close])
        else { return true }
        // Behind the brace and the colon.
        let rest = key[close...].utf8.dropFirst(2)
        if rest.starts(with: "idem:".utf8) {
            try await moveRecord(key, rest.dropFirst("idem:".utf8.count), from: partition)
        } else if partition >= given, !Self.staying.contains(where: { rest.starts(with: $0.utf8) }) {
            _ = try await pipeline.send(["DEL", key])
        }
        return true
    }

    private func moveRecord(_ key: String, _ name: Substring.UTF8View, from partition: Int) async throws {
        guard let record = Keys.recorded(name) else { return }
        let user = UserID(record.user)
        let target = pipeline.partition(userId: user, idempotencyKey: record.key)
        guard target != partition else { return }
        _ = try await pipeline.send(["RENAMENX", key, pipeline.partitions[target].idempotency(user: user, key: record.key)])
    }
}
