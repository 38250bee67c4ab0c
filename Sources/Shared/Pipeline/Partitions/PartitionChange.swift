internal import EventLoop
internal import Orders
internal import Redis

/// Changes the count of partitions of an engine that is empty, or paused with nothing under way, and takes over from the version before, by one
/// process at a time.
///
/// While keys are moved the agreement has both counts. No process uses either then. The next process that starts begins the change again, to its own
/// count.
@ServiceActor
final class PartitionChange {
    /// How long one call waits for another process' change.
    private static let waitLimit = Duration.seconds(2)
    /// Time between two renewals of the turn.
    private static let turnInterval = Duration.seconds(5)

    /// The keys that stay where a partition ends: orders that expire by themselves, the record of landed transactions, what refuses orders for good,
    /// and the pause, which goes last.
    private static let staying = [Keys.Name.order, "landed", "placing", "paused"]

    private let pipeline: OrderPipeline
    private let turn: Turn
    private var turnKept = MonotonicInstant.now
    private var given: Int { pipeline.settings.partitions }
    private var own: PipelineAgreement { PipelineAgreement(partitions: given) }
    /// The pipeline as it is to be.
    private lazy var after = with(given)

    /// A change to the pipeline's own count.
    init(to pipeline: OrderPipeline) {
        self.pipeline = pipeline
        turn = Turn(pipeline: pipeline, keys: Keys.partitionChange, name: "\(UInt64.random(in: .min ... .max))")
    }

    /// Makes the change if another count is agreed on, and returns what is agreed on then.
    ///
    /// - Throws: `PartitionMismatch` or `LayoutMismatch` if the change cannot be made; then nothing has changed. `PipelineError` with `.changing` if
    ///   another process still makes it.
    func run() async throws -> PipelineAgreement {
        let start = MonotonicInstant.now
        // Who has lost the agreement may still have orders.
        if try await pipeline.send(["GET", Keys.agreement("partitions")]).string == nil { try await takeOver(from: PipelineAgreement("\(given)")) }
        while true {
            let found = PipelineAgreement(try await agreed())
            if try await joins(found) { return found }
            if try await turn.take() != nil { return try await changeInTurn() }
            guard start.elapsed < Self.waitLimit else { throw Self.othersTurn }
            try await sleep(for: .milliseconds(300))
        }
    }

    /// Whether this process works with the others as it is. One that was started with a count of before does while others are alive.
    private func joins(_ found: PipelineAgreement) async throws -> Bool {
        guard found.isAtWork, found.includes(given) else { return false }
        guard found.hasGrown(from: given), !found.counts.contains(given) else { return true }
        return try await pipeline.instances().contains { $0.fields["partitions"] == found.reading }
    }

    private func changeInTurn() async throws -> PipelineAgreement {
        turnKept = .now
        do {
            try await change(from: try await agreed())
        } catch {
            try? await turn.finish("")
            // What cannot be changed now stays as the engine has grown.
            let found = PipelineAgreement(try await agreed())
            guard error is PartitionMismatch, found.isAtWork, found.hasGrown(from: given) else { throw error }
            return found
        }
        try await turn.finish("")
        return PipelineAgreement(try await agreed())
    }

    private static var othersTurn: PipelineError { PipelineError(.changing, "another process is changing the count of partitions") }

    private func agreed() async throws -> String { try await pipeline.agree(on: "partitions", own.description) }

    private func change(from agreed: String) async throws {
        let found = PipelineAgreement(agreed)
        if found.isAtWork, found.counts.contains(given) { return }
        try await takeOver(from: found)
        if found.counts == own.counts {
            // A process of the version before that has just started has a heartbeat by now, and one that starts from here on is refused.
            try await agree(own.description)
            guard let stranger = try await pipeline.stranger() else { return }
            try await agree(agreed)
            throw LayoutMismatch(obstacle: "\(stranger) is still running with the other version")
        }
        try await changeCount(from: found, agreed)
    }

    /// Throws `LayoutMismatch` if orders of another form are left to do.
    private func takeOver(from agreed: PipelineAgreement) async throws {
        guard !agreed.isCurrent, let obstacle = try await pipeline.obstacleToLayout(agreed) else { return }
        throw LayoutMismatch(obstacle: obstacle)
    }

    private func changeCount(from found: PipelineAgreement, _ agreed: String) async throws {
        // After a change that was cut off there are two counts. The partitions that both have were paused before that change began.
        let before = with(found.most)
        let isEmpty = try await pipeline.isEmpty()
        var obstacle = isEmpty ? try await stranger() : try await obstacle(before, paused: found.least)
        if obstacle == nil {
            try await keepTurn()
            // From here on a process that starts with the old count is refused. A process that has just started with it has a heartbeat by now.
            try await agree(PipelineAgreement(partitions: found.most, given).description)
            obstacle = try await stranger()
            if obstacle != nil { try await agree(agreed) }
        }
        if let obstacle { throw PartitionMismatch(agreed: agreed, given: given, obstacle: obstacle) }
        if !isEmpty { try await moveAll(from: before) }
        // A process that was frozen since before the change places orders by the old count, or in a partition that has ended. They are refused.
        let all = before.partitions.count > given ? before.partitions : after.partitions
        let placing = String(given)
        try await pipeline.inEach(all) { [pipeline] keys throws(PipelineError) in _ = try await pipeline.send(["SET", keys.placing, placing]) }
        try await agree(own.description)
        try await pipeline.inEach(all.dropFirst(given)) { [pipeline] keys throws(PipelineError) in _ = try await pipeline.send(["DEL", keys.paused]) }
    }

    private func agree(_ value: String) async throws { _ = try await pipeline.send(["SET", Keys.agreement("partitions"), value]) }

    private func with(_ partitions: Int) -> OrderPipeline {
        var settings = pipeline.settings
        settings.partitions = partitions
        return OrderPipeline(redis: pipeline.redis, settings: settings)
    }

    // MARK: Checks

    private func obstacle(_ before: OrderPipeline, paused: Int) async throws -> String? {
        for keys in before.partitions.prefix(paused) {
            guard try await pipeline.send(["EXISTS", keys.paused]).integer == 1 else { return "the engine is not paused" }
        }
        if let stranger = try await stranger() { return stranger }
        if let unfinished = try await before.unfinished() { return unfinished }
        return try await pipeline.openOrder(Keys.everyOrder) { key in
            if turnKept.elapsed > Self.turnInterval { try await keepTurn() }
            return try await pipeline.send(["HGET", key, "s"]).string.flatMap { OrderPlace($0)?.state }
        }
    }

    private func stranger() async throws -> String? {
        try await pipeline.stranger().map { "\($0) is still running with another count" }
    }

    // MARK: Moving

    private func moveAll(from before: OrderPipeline) async throws {
        _ = try await pipeline.scan("orders:{[0-9]*}:*") { try await move($0) }
        _ = try await pipeline.scan("chain:{[0-9]*}:*") { try await move($0) }
        try await keepTurn()
        try await after.pause(reason: try await before.currentPause()?.reason ?? "")
    }

    /// Renews this process' turn. A process that was frozen may have lost it. Throws `.changing` then.
    private func keepTurn() async throws {
        guard try await turn.take() != nil else { throw Self.othersTurn }
        turnKept = .now
    }

    /// Moves an idempotency record to the partition where it is looked for from now on, and deletes finished things in partitions that end. Always
    /// returns true.
    private func move(_ key: String) async throws -> Bool {
        if turnKept.elapsed > Self.turnInterval { try await keepTurn() }
        let name = key.utf8
        guard let open = name.firstIndex(of: UInt8(ascii: "{")), let close = name.firstIndex(of: UInt8(ascii: "}")), open < close,
            let partition = Int(key[name.index(after: open)..<close])
        else { return true }
        // The name after the brace and the colon.
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
        let target = after.partition(record.scope, idempotencyKey: record.key)
        guard target != partition else { return }
        // In a cluster the two keys may be on different masters. The copy comes first, so that a record is never missing.
        let values = try await pipeline.send(["HGETALL", key]).array ?? []
        guard let left = try await pipeline.send(["PTTL", key]).integer, left > 0, !values.isEmpty else { return }
        let copy = after.partitions[target].idempotency(record.scope, key: record.key)
        _ = try await pipeline.run(Scripts.adopt, keys: [copy], [String(left)] + values.map { $0.string ?? "" })
        _ = try await pipeline.send(["DEL", key])
    }
}
