internal import Orders
internal import PaperMarket

extension Case {
    /// The mock chain takes transactions, which land at once and move a pool, and says what has become of them; 64 in one call of a script.
    static let ledger = Case(name: "ledger") { count in
        let redis = try EngineRedis()
        try await redis.open()
        let options = ChainOptions(seed: 7, latency: 0...0, failurePpm: 0, dropPpm: 0, latePpm: 0, slotMilliseconds: 400, validSlots: 150)
        let ledger = ChainLedger(pipeline: redis.pipeline, options: options)
        let sample = try Sample()
        for start in stride(from: 0, to: count, by: EngineRedis.page) {
            let offers = (start..<min(start + EngineRedis.page, count)).map { sample.offer($0) }
            let answers = try await ledger.send(offers, partition: 0)
            let states = try await ledger.status(offers.map(\.transaction.signature), partition: 0).states
            guard answers.allSatisfy({ $0.outcome == .taken }), states.allSatisfy(\.isLanded) else { throw CaseError("a transaction has not landed") }
        }
        await redis.close()
    }
}

extension Sample {
    /// A transaction of an order, each number with a signature of its own.
    fileprivate func offer(_ number: Int) -> LedgerOffer {
        let order = order(number).id
        let signature = String("\(order)\(order)\(order)".filter { $0 != "-" }.prefix(Self.signature.count))
        let effects = [PoolEffect(pool: quotes[0].pool, base: 1_500_000_000)]
        let terms = SwapTerms(amountOut: quotes[0].amountOut, effects: effects)
        return LedgerOffer(transaction: transaction(signature: signature), order: order, terms: terms)
    }
}

extension TransactionStatus {
    fileprivate var isLanded: Bool {
        guard case .landed = self else { return false }
        return true
    }
}
