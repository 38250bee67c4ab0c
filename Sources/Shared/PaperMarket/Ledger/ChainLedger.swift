package import EventLoop
package import Orders
package import Pipeline
internal import Redis

/// The behaviour of the mock chain.
package struct ChainOptions: Sendable {
    /// The seed of all draws.
    var seed: UInt64
    /// Time from a send until the transaction lands, in ms.
    var latency: ClosedRange<Int>
    /// Share of transactions that the chain records as failed, in ppm.
    var failurePpm: Int
    /// Share of sends that are lost, in ppm.
    var dropPpm: Int
    /// Share of transactions that land just before they expire, in ppm.
    var latePpm: Int
    /// Length of a slot, in ms.
    var slotMilliseconds: Int
    /// How many slots after signing a transaction may land.
    var validSlots: Int
    /// Half-life of a swap's effect on a pool, in ms.
    var halfLife: UInt64

    package init(
        seed: UInt64, latency: ClosedRange<Int>, failurePpm: Int, dropPpm: Int, latePpm: Int, slotMilliseconds: Int, validSlots: Int,
        halfLife: UInt64 = 5000
    ) {
        self.seed = seed
        self.latency = latency
        self.failurePpm = failurePpm
        self.dropPpm = dropPpm
        self.latePpm = latePpm
        self.slotMilliseconds = slotMilliseconds
        self.validSlots = validSlots
        self.halfLife = halfLife
    }
}

/// The chain's answer about a signature.
package enum TransactionStatus: Sendable, Equatable {
    /// The chain has no such transaction: it was never sent, or it was lost on the way.
    case unknown
    /// The chain has the transaction, but it has not landed yet. Its outcome is due after this time.
    case sent(due: Duration)
    /// Landed in a slot, with this output in base units.
    case landed(slot: UInt64, amountOut: BaseUnits)
    /// The chain has recorded the transaction as failed: it can never fill. `wouldBe` is the output that it would have had.
    case failed(code: String, wouldBe: BaseUnits)
}

/// The mock chain's ledger in Redis, shared by all executors and keyed by signature: the same bytes, sent any number of times, land at most once.
@ServiceActor
package final class ChainLedger {
    /// Records that one script looks at: about a millisecond of Redis.
    private static let prunedPage = 200
    private static let pruningPause = Duration.milliseconds(2)
    /// Values that `status` answers for each signature.
    private static let statusCount = 5
    /// Limits one pruning to two million records.
    private static let maxPages = 10_000

    private let pipeline: OrderPipeline
    private let options: ChainOptions

    /// A ledger on the pipeline's connection.
    package init(pipeline: OrderPipeline, options: ChainOptions) {
        self.pipeline = pipeline
        self.options = options
    }

    /// Sends transactions of one partition, in their order. The chain executes a transaction when it takes it: its outcome is fixed from then on, and
    /// shows once it has landed. All are sent by one script, or none. Answers one answer for each.
    package func send(_ offers: [LedgerOffer], partition: Int) async throws(PipelineError) -> [SendAnswer] {
        let keys = try keys(partition)
        var arguments = [
            keys.transactionPrefix, String(options.seed), String(options.failurePpm), String(options.dropPpm), String(options.latePpm),
            String(options.latency.lowerBound), String(options.latency.upperBound), String(options.slotMilliseconds), String(options.halfLife),
        ]
        for offer in offers { arguments += offer.arguments }
        let reply = try await pipeline.run(LedgerScripts.send, keys: [keys.due, keys.expiring, keys.market, keys.landed], arguments)
        guard let values = reply.array, values.count == 2 * offers.count else { throw Self.unknownAnswer(of: "send") }
        var answers: [SendAnswer] = []
        for (index, offer) in offers.enumerated() { answers.append(try answer(values[2 * index], values[2 * index + 1], to: offer)) }
        let told = zip(offers, answers).filter { [.taken, .known].contains($1.outcome) && $1.due != nil }
        try await pipeline.awaitReplicas(ofKeys: told.map { keys.transaction($0.0.transaction.signature) }, in: keys)
        return answers
    }

    private func answer(_ outcome: RedisValue, _ more: RedisValue, to offer: LedgerOffer) throws(PipelineError) -> SendAnswer {
        switch outcome.string {
        case "landed":
            guard let slot = more.unsigned else { throw Self.unknownAnswer(of: "send") }
            return SendAnswer(outcome: .taken, due: .zero, settled: .landed(slot: slot, amountOut: offer.terms.amountOut))
        case "failed":
            let settled = TransactionStatus.failed(code: more.string ?? "", wouldBe: offer.terms.amountOut)
            return SendAnswer(outcome: .taken, due: .zero, settled: settled)
        case let text:
            guard let outcome = text.flatMap({ SendOutcome(rawValue: $0) }) else { throw Self.unknownAnswer(of: "send") }
            return SendAnswer(outcome: outcome, due: more.milliseconds.map { .milliseconds($0) })
        }
    }

    private static func unknownAnswer(of script: String) -> PipelineError {
        PipelineError(.unexpectedReply, "\(script) answered what this version does not know")
    }

    /// The status of signatures of one partition, and the slot in which it was read. One script reads all of them. A transaction that is unknown
    /// after its last valid slot can never land.
    package func status(_ signatures: [String], partition: Int) async throws(PipelineError) -> (slot: UInt64, states: [TransactionStatus]) {
        let keys = try keys(partition)
        let reply = try await pipeline.run(
            LedgerScripts.status, keys: [keys.due, keys.landed], [keys.transactionPrefix, String(options.slotMilliseconds)] + signatures)
        guard let values = reply.array, values.count == 1 + Self.statusCount * signatures.count, let slot = values[0].unsigned else {
            throw Self.unknownAnswer(of: "status")
        }
        var states: [TransactionStatus] = []
        for start in stride(from: 1, to: values.count, by: Self.statusCount) {
            states.append(try state(Array(values[start..<start + Self.statusCount])))
        }
        let told = zip(signatures, states).filter { $1 != .unknown }
        try await pipeline.awaitReplicas(ofKeys: told.map { keys.transaction($0.0) }, in: keys)
        return (slot, states)
    }

    /// Deletes records of transactions that expired more than a day ago and whose order is final or gone, and landed entries older than `retention`.
    /// Deletes all of them, in pages between which Redis is free for others. `now` is the time of Redis, in ms.
    func prune(retention: Duration, now: UInt64) async throws(PipelineError) {
        let day: UInt64 = 86_400_000
        let oldest = now - min(now, UInt64(retention.millisecondsRoundedUp))
        for keys in pipeline.partitions { try await prune(keys, before: slot(at: now - min(now, day)), landedBefore: "\(oldest)-0") }
    }

    private func prune(_ keys: Keys, before slot: UInt64, landedBefore oldest: String) async throws(PipelineError) {
        var kept = 0
        for _ in 0..<Self.maxPages {
            let reply = try await pipeline.run(
                LedgerScripts.prune, keys: [keys.expiring, keys.landed],
                [keys.transactionPrefix, keys.orderPrefix, String(slot), oldest, String(Self.prunedPage), String(kept)])
            let counts = (reply.array ?? []).map(\.count)
            guard counts.count == 3, counts[0] == Self.prunedPage || counts[2] > 0, !Task.isCancelled else { return }
            kept += min(Self.prunedPage, counts[1])
            try? await sleep(for: Self.pruningPause)
        }
    }

    /// The slot at a time of Redis, in ms.
    func slot(at time: UInt64) -> UInt64 { time / UInt64(options.slotMilliseconds) }

    /// The last slot in which a transaction signed at a time of Redis may land.
    func lastValidSlot(at time: UInt64) -> UInt64 { slot(at: time) + UInt64(options.validSlots) }

    private func keys(_ partition: Int) throws(PipelineError) -> Keys {
        guard pipeline.partitions.indices.contains(partition) else { throw PipelineError(.unexpectedReply, "there is no partition \(partition)") }
        return pipeline.partitions[partition]
    }

    private func state(_ values: [RedisValue]) throws(PipelineError) -> TransactionStatus {
        switch values[0].string {
        case "unknown": return .unknown
        case "sent": return .sent(due: .milliseconds(values[4].milliseconds ?? 0))
        case "failed": return .failed(code: values[3].string ?? "", wouldBe: values[2].string.flatMap { BaseUnits(units: $0) } ?? BaseUnits(0))
        case "landed":
            guard let slot = values[1].unsigned, let amount = values[2].string.flatMap({ BaseUnits(units: $0) }) else { fallthrough }
            return .landed(slot: slot, amountOut: amount)
        default: throw Self.unknownAnswer(of: "status")
        }
    }
}

extension OrderPipeline {
    /// The flows that landed swaps have put into the pools of a partition's market, by the pools' addresses.
    func marketFlows(partition: Int) async throws(PipelineError) -> [String: PoolFlow] {
        guard partitions.indices.contains(partition) else { return [:] }
        var flows: [String: PoolFlow] = [:]
        for (pool, flow) in try await send(["HGETALL", partitions[partition].market]).pairs {
            if let pool = pool.string, let flow = flow.string.flatMap({ PoolFlow(text: $0) }) { flows[pool] = flow }
        }
        return flows
    }
}
