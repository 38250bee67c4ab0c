internal import EventLoop
internal import Orders
internal import Pipeline
internal import Redis

/// The behaviour of the mock chain.
struct ChainOptions: Sendable {
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
    var halfLife: UInt64 = 5000
}

/// The chain's answer about a signature.
enum TransactionStatus: Sendable, Equatable {
    /// The chain has no such transaction: it was never sent, or it was lost on the way.
    case unknown
    /// The chain has the transaction, but it has not landed yet.
    case sent
    /// Landed in a slot, with this output in base units.
    case landed(slot: UInt64, amountOut: BaseUnits)
    /// The chain has recorded the transaction as failed: it can never fill. `wouldBe` is the output that it would have had.
    case failed(code: String, wouldBe: BaseUnits)
}

enum SendOutcome: Sendable, Equatable {
    /// The chain has the transaction.
    case taken
    /// The chain had it already.
    case known
    /// Its last valid slot is over.
    case expired
    /// Another swap has moved one of its pools since its output was computed. Nothing was taken.
    case moved
}

/// The result of a transaction if the chain takes it now.
struct SwapTerms: Sendable {
    /// The output in base units.
    let amountOut: BaseUnits
    /// The effects on its pools if it lands.
    var effects: [PoolEffect] = []
    /// The flows of these pools when the output was computed. Nil takes the output as it is, even if the pools have moved since.
    var flows: [String: PoolFlow]?
}

/// The mock chain's ledger in Redis, shared by all executors and keyed by signature: the same bytes, sent any number of times, land at most once.
@ServiceActor
final class ChainLedger {
    /// Records that one script looks at: about a millisecond of Redis.
    private static let prunedPage = 200
    private static let pruningPause = Duration.milliseconds(2)
    /// Limits one pruning to two million records.
    private static let maxPages = 10_000

    private let pipeline: OrderPipeline
    private let options: ChainOptions

    /// A ledger on the pipeline's connection.
    init(pipeline: OrderPipeline, options: ChainOptions) {
        self.pipeline = pipeline
        self.options = options
    }

    /// Sends a transaction. The chain executes it when it takes it: its outcome is fixed from then on, and shows once it has landed.
    func send(_ transaction: SignedTransaction, order: OrderID, terms: SwapTerms) async throws(PipelineError) -> SendOutcome {
        let keys = try keys(order)
        let slips = terms.amountOut.value < transaction.minOut.value
        var arguments = [
            transaction.signature, order.description, String(transaction.leg), String(transaction.attempt), transaction.quote.dex,
            transaction.quote.amountIn.description, terms.amountOut.description, String(transaction.lastValidSlot), slips ? "1" : "0",
            String(options.seed), String(options.failurePpm), String(options.dropPpm), String(options.latePpm),
            String(options.latency.lowerBound), String(options.latency.upperBound), String(options.slotMilliseconds), String(options.halfLife),
            terms.flows == nil ? "0" : "1",
        ]
        for effect in terms.effects { arguments += [effect.pool, terms.flows?[effect.pool]?.text ?? "", String(effect.base)] }
        let reply = try await pipeline.run(
            LedgerScripts.send, keys: [keys.transaction(transaction.signature), keys.due, keys.expiring, keys.market], arguments)
        switch reply.array?.first?.string {
        case "taken": return .taken
        case "known": return .known
        case "expired": return .expired
        case "moved": return .moved
        default: throw PipelineError(.unexpectedReply, "send answered what this version does not know")
        }
    }

    /// The status of signatures of one partition, and the slot in which it was read. One script reads all of them. A transaction that is unknown
    /// after its last valid slot can never land.
    func status(_ signatures: [String], partition: Int) async throws(PipelineError) -> (slot: UInt64, states: [TransactionStatus]) {
        guard pipeline.partitions.indices.contains(partition) else { throw PipelineError(.unexpectedReply, "there is no partition \(partition)") }
        let keys = pipeline.partitions[partition]
        let reply = try await pipeline.run(
            LedgerScripts.status, keys: [keys.due, keys.landed], [keys.transactionPrefix, String(options.slotMilliseconds)] + signatures)
        guard let rows = reply.array, rows.count == signatures.count + 1, let slot = rows[0].unsigned else {
            throw PipelineError(.unexpectedReply, "status answered what this version does not know")
        }
        var states: [TransactionStatus] = []
        for row in rows.dropFirst() { states.append(try state(row)) }
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

    private func keys(_ order: OrderID) throws(PipelineError) -> Keys {
        guard let keys = pipeline.keys(of: order) else { throw PipelineError(.unexpectedReply, "an order id of no partition") }
        return keys
    }

    private func state(_ row: RedisValue) throws(PipelineError) -> TransactionStatus {
        let values = row.array ?? []
        guard values.count == 4 else { throw PipelineError(.unexpectedReply, "status answered what this version does not know") }
        switch values[0].string {
        case "unknown": return .unknown
        case "sent": return .sent
        case "failed": return .failed(code: values[3].string ?? "", wouldBe: values[2].string.flatMap { BaseUnits(units: $0) } ?? BaseUnits(0))
        case "landed":
            guard let slot = values[1].unsigned, let amount = values[2].string.flatMap({ BaseUnits(units: $0) }) else { fallthrough }
            return .landed(slot: slot, amountOut: amount)
        default: throw PipelineError(.unexpectedReply, "status answered what this version does not know")
        }
    }
}

extension OrderPipeline {
    /// The flows that landed swaps have put into the pools of a partition's market, by the pools' addresses.
    func marketFlows(partition: Int) async throws(PipelineError) -> [String: PoolFlow] {
        guard partitions.indices.contains(partition) else { return [:] }
        let values = try await send(["HGETALL", partitions[partition].market]).array ?? []
        var flows: [String: PoolFlow] = [:]
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            guard let pool = values[index].string, let flow = values[index + 1].string.flatMap({ PoolFlow(text: $0) }) else { continue }
            flows[pool] = flow
        }
        return flows
    }
}
