internal import EventLoop
internal import Orders
internal import Pipeline
internal import Venues

/// Asks the mock chain's ledger about many transactions: one script for all of a partition.
@ServiceActor
final class MockChainClient: ChainClient {
    /// The largest age of the market state for the first offer of a transaction.
    private static let oldest = Duration.milliseconds(10)
    /// With this offer the chain takes the transaction even if other swaps have moved its pools, so that many swaps cannot keep it out for ever.
    private static let maxOffers = 3

    var ledger: ChainLedger
    private let board: MarketBoard

    init(ledger: ChainLedger, board: MarketBoard) {
        self.ledger = ledger
        self.board = board
    }

    /// Sends transactions. What the chain takes is due when its ledger says; what it has no room for any more is looked at now, because it may have
    /// landed before.
    func send(_ batch: [OutgoingTransaction]) async -> [TransactionReport] {
        await Self.byPartition(batch) { part, partition in await self.offer(part, partition) }
    }

    /// Looks what the ledger has about transactions.
    func look(at batch: [OutgoingTransaction]) async -> [TransactionReport] {
        await Self.byPartition(batch) { part, partition in await self.look(at: part, partition) }
    }

    /// Asks about all partitions of a batch side by side: one after the other, many partitions would take many round trips.
    static func byPartition(
        _ batch: [OutgoingTransaction], _ ask: @escaping @ServiceActor ([OutgoingTransaction], Int) async -> [TransactionReport]
    ) async -> [TransactionReport] {
        var reports = Array(repeating: TransactionReport.unavailable, count: batch.count)
        let parts = Dictionary(grouping: batch.indices) { batch[$0].order.id.partition }
        await withTaskGroup(of: (indices: [Int], answers: [TransactionReport]).self) { group in
            for (partition, indices) in parts { group.addTask { (indices, await ask(indices.map { batch[$0] }, partition)) } }
            for await part in group {
                for (index, answer) in zip(part.indices, part.answers) { reports[index] = answer }
            }
        }
        return reports
    }

    /// Offers transactions to the chain at the present market price. Repeats those between which other swaps have come.
    private func offer(_ part: [OutgoingTransaction], _ partition: Int) async -> [TransactionReport] {
        var reports = Array(repeating: TransactionReport.unavailable, count: part.count)
        var open = Array(part.indices)
        for round in 1...Self.maxOffers where !open.isEmpty {
            guard let view = await board.view(partition: partition, within: round == 1 ? Self.oldest : .zero) else { break }
            let offers = open.map { LedgerOffer(part[$0], at: view, comparing: round < Self.maxOffers) }
            var moved: [Int] = []
            for (index, answer) in zip(open, await answers(to: offers, partition)) {
                guard let answer else { continue }
                if answer.outcome == .moved { moved.append(index) } else { reports[index] = answer.report }
            }
            open = moved
        }
        return reports
    }

    private func answers(to offers: [LedgerOffer], _ partition: Int) async -> [SendAnswer?] {
        await halving(offers) { offers throws(PipelineError) in
            try await self.ledger.send(offers, partition: partition)
        }
    }

    private func look(at part: [OutgoingTransaction], _ partition: Int) async -> [TransactionReport] {
        let reports = await halving(part) { part throws(PipelineError) in
            let (slot, states) = try await self.ledger.status(part.map(\.transaction.signature), partition: partition)
            return zip(part, states).map { $1.report(lastValidSlot: $0.transaction.lastValidSlot, slot: slot) }
        }
        return reports.map { $0 ?? .unavailable }
    }

    /// Asks about all of a batch at once. Where Redis refuses that, each half is asked about alone: one record that cannot be read must not hold up
    /// the others. Nil where there is no answer now.
    private func halving<Question, Answer>(
        _ batch: [Question], _ ask: @ServiceActor ([Question]) async throws(PipelineError) -> [Answer]
    ) async -> [Answer?] {
        do throws(PipelineError) {
            return try await ask(batch)
        } catch {
            guard !error.isPassing, batch.count > 1 else { return Array(repeating: nil, count: batch.count) }
            let half = batch.count / 2
            return await halving(Array(batch[..<half]), ask) + (await halving(Array(batch[half...]), ask))
        }
    }
}

extension LedgerOffer {
    /// A transaction at a moment of the market.
    ///
    /// - Parameter comparing: whether the chain refuses it if its pools have moved since.
    @ServiceActor
    fileprivate init(_ outgoing: OutgoingTransaction, at view: MarketView, comparing: Bool) {
        let order = outgoing.order
        var terms = view.terms(of: outgoing.transaction.quote, from: order.tokenIn, slippageBps: order.slippageBps)
        if !comparing { terms.flows = nil }
        self.init(transaction: outgoing.transaction, order: order.id, terms: terms)
    }
}

extension SendAnswer {
    /// What the answer says about a transaction that was not refused.
    fileprivate var report: TransactionReport { settled?.report(lastValidSlot: .max, slot: 0) ?? .onItsWay(due: due) }
}

extension TransactionStatus {
    /// What the status says about a transaction. One that is unknown after its last valid slot can never land.
    fileprivate func report(lastValidSlot: UInt64, slot: UInt64) -> TransactionReport {
        switch self {
        case .landed(_, let amountOut): .settled(.landed(amountOut: amountOut))
        case .failed(let text, let wouldBe): .settled(.failed(Self.failure(text), wouldBe: wouldBe))
        case .sent(let due): .onItsWay(due: due)
        case .unknown: slot > lastValidSlot ? .settled(.expired) : .unknown
        }
    }

    /// The code of a recorded failure. An unknown code of a newer version counts as NETWORK: the transaction failed on the chain.
    private static func failure(_ text: String) -> FailureCode {
        let code = FailureCode(rawValue: text)
        return FailureCode.allCases.contains(code) ? code : .network
    }
}
