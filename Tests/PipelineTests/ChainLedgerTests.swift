import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import PaperMarket
@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct ChainLedgerTests {
    /// A chain on which everything lands at once, unless `change` says otherwise.
    private func ledger(_ bench: Bench, _ change: (inout ChainOptions) -> Void = { _ in }) -> ChainLedger {
        var options = ChainOptions(seed: 7, latency: 0...0, failurePpm: 0, dropPpm: 0, latePpm: 0, slotMilliseconds: 400, validSlots: 150)
        change(&options)
        return ChainLedger(pipeline: bench.pipeline, options: options)
    }

    private func send(_ ledger: ChainLedger, _ transaction: SignedTransaction, _ order: Order, slips: Bool = false) async throws -> SendOutcome {
        let amountOut = BaseUnits(slips ? transaction.minOut.value - 1 : 218_000_000)
        return try await ledger.send(transaction, order: order.id, terms: SwapTerms(amountOut: amountOut))
    }

    private func status(_ ledger: ChainLedger, _ transaction: SignedTransaction) async throws -> (slot: UInt64, state: TransactionStatus) {
        let (slot, states) = try await ledger.status([transaction.signature], partition: 0)
        return (slot, states[0])
    }

    private func landed(_ bench: Bench) async throws -> Int64? { try await bench.send("XLEN", bench.keys.landed).integer }

    @Test func `a transaction that is sent many times lands once`() async throws {
        try await withBench { bench in
            let (order, chain) = (Samples.order(), ledger(bench))
            let transaction = Samples.transaction(order)
            #expect(try await status(chain, transaction).state == .unknown)
            #expect(try await send(chain, transaction, order) == .taken)
            #expect(try await send(chain, transaction, order) == .known)
            guard case .landed(_, BaseUnits(218_000_000)) = try await status(chain, transaction).state else { throw TestFailure("not landed") }
            #expect(try await send(chain, transaction, order) == .known)
            _ = try await status(chain, transaction)
            #expect(try await landed(bench) == 1)
            let fields = try await bench.send("XRANGE", bench.keys.landed, "-", "+").array?[0].array?[1].array?.compactMap(\.string) ?? []
            #expect(fields.prefix(8) == ["signature", transaction.signature, "orderId", order.id.description, "leg", "0", "attempt", "1"])
        }
    }

    @Test func `until it is due a transaction is on its way`() async throws {
        try await withBench { bench async throws in
            let order = Samples.order()
            let chain = ledger(bench) { $0.latency = 60_000...60_001 }
            #expect(try await send(chain, Samples.transaction(order), order) == .taken)
            guard case .sent(let due) = try await status(chain, Samples.transaction(order)).state else { throw TestFailure("not on its way") }
            #expect((Duration.seconds(55)...Duration.milliseconds(60_001)).contains(due))
            #expect(try await landed(bench) == 0)
        }
    }

    // MARK: When

    private func answers(_ ledger: ChainLedger, _ transactions: [(SignedTransaction, Order)]) async throws -> [SendAnswer] {
        let terms = SwapTerms(amountOut: BaseUnits(218_000_000))
        return try await ledger.send(transactions.map { LedgerOffer(transaction: $0, order: $1.id, terms: terms) }, partition: 0)
    }

    @Test func `a send says when the outcome is due, and then it is there`() async throws {
        try await withBench { bench async throws in
            let order = Samples.order()
            let (transaction, chain) = (Samples.transaction(order), ledger(bench) { $0.latency = 300...300 })
            #expect(try await answers(chain, [(transaction, order)]) == [SendAnswer(outcome: .taken, due: .milliseconds(300))])
            let start = MonotonicInstant.now
            let again = try #require(try await answers(chain, [(transaction, order)]).first)
            let left = try #require(again.due)
            #expect(again.outcome == .known && left > .zero && left <= .milliseconds(300))
            // Whole milliseconds of Redis' clock, counted from a moment after its script ran.
            try await sleep(for: .milliseconds(300) - start.elapsed)
            guard case .landed = try await status(chain, transaction).state else { throw TestFailure("not landed when due") }
            #expect(try await answers(chain, [(transaction, order)]) == [SendAnswer(outcome: .known, due: .zero)])
        }
    }

    @Test func `what fails is due as well; when a lost send is sent again nobody can tell`() async throws {
        try await withBench { bench async throws in
            let orders = [Samples.order(), Samples.order()]
            let failing = ledger(bench) { ($0.latency, $0.failurePpm) = (200...200, 1_000_000) }
            #expect(try await answers(failing, [(Samples.transaction(orders[0]), orders[0])])[0].due == .milliseconds(200))
            let lossy = ledger(bench) { $0.dropPpm = 1_000_000 }
            for _ in 0..<2 {
                #expect(try await answers(lossy, [(Samples.transaction(orders[1]), orders[1])]) == [SendAnswer(outcome: .taken, due: nil)])
            }
        }
    }

    @Test func `many are sent by one script, each as if it were alone; the same one twice is taken once`() async throws {
        try await withBench { bench async throws in
            let orders = (0..<100).map { _ in Samples.order() }
            let chain = ledger(bench) { $0.failurePpm = 300_000 }
            var batch = orders.map { (Samples.transaction($0), $0) }
            batch.append(batch[7])
            let sent = try await answers(chain, batch)
            #expect(sent.map(\.outcome) == Array(repeating: .taken, count: 100) + [.known])
            #expect(sent.allSatisfy { $0.due == .zero })
            let together = try await chain.status(batch.map(\.0.signature), partition: 0).states

            // The same seed, one after the other, on a ledger of their own.
            try await bench.send("FLUSHDB")
            for (transaction, order) in batch.dropLast() { _ = try await send(chain, transaction, order) }
            let alone = try await chain.status(batch.map(\.0.signature), partition: 0).states
            #expect(together.map(\.kind) == alone.map(\.kind))
            #expect(Set(together.map(\.kind)) == ["landed", "failed"])
        }
    }

    @Test func `swaps that are sent together see each other: the second one of a pool is refused until it knows of the first`() async throws {
        try await withBench { bench async throws in
            let (orders, chain) = ((0..<3).map { _ in Samples.order() }, ledger(bench))
            func offer(_ index: Int, _ pool: String) -> LedgerOffer {
                let terms = SwapTerms(amountOut: BaseUnits(218_000_000), effects: [PoolEffect(pool: pool, base: 700)], flows: [:])
                return LedgerOffer(transaction: Samples.transaction(orders[index]), order: orders[index].id, terms: terms)
            }
            let answers = try await chain.send([offer(0, "a"), offer(1, "a"), offer(2, "b")], partition: 0)
            #expect(answers.map(\.outcome) == [.taken, .moved, .taken])
            #expect(try await bench.pipeline.marketFlows(partition: 0).mapValues(\.base) == ["a": 700, "b": 700])
        }
    }

    @Test func `one that cannot be read stops the script before anything is written`() async throws {
        try await withBench { bench async throws in
            let (orders, chain) = ((0..<2).map { _ in Samples.order() }, ledger(bench))
            let transactions = orders.map { Samples.transaction($0) }
            try await bench.send("SET", bench.keys.transaction(transactions[1].signature), "x")
            await #expect(throws: PipelineError.self) { try await answers(chain, zip(transactions, orders).map { ($0, $1) }) }
            #expect(try await bench.send("EXISTS", bench.keys.transaction(transactions[0].signature)).integer == 0)
        }
    }

    // MARK: Outcomes

    @Test func `an outcome that was drawn is not drawn again`() async throws {
        try await withBench { bench async throws in
            let order = Samples.order()
            let failing = ledger(bench) { $0.failurePpm = 1_000_000 }
            #expect(try await send(failing, Samples.transaction(order), order) == .taken)
            let calm = ledger(bench)
            #expect(try await send(calm, Samples.transaction(order), order) == .known)
            #expect(try await status(calm, Samples.transaction(order)).state == .failed(code: "NETWORK", wouldBe: BaseUnits(218_000_000)))
            #expect(try await send(calm, Samples.transaction(order), order) == .known)
            #expect(try await landed(bench) == 0)
        }
    }

    @Test func `a transaction that was dropped is unknown and may be sent again`() async throws {
        try await withBench { bench in
            let order = Samples.order()
            let lossy = ledger(bench) { $0.dropPpm = 1_000_000 }
            #expect(try await send(lossy, Samples.transaction(order), order) == .taken)
            #expect(try await status(lossy, Samples.transaction(order)).state == .unknown)
            #expect(try await send(ledger(bench), Samples.transaction(order), order) == .taken)
            guard case .landed = try await status(lossy, Samples.transaction(order)).state else { throw TestFailure("not landed") }
            #expect(try await landed(bench) == 1)
        }
    }

    @Test func `a price beyond the guard is recorded as such`() async throws {
        try await withBench { bench async throws in
            let (order, chain) = (Samples.order(), ledger(bench))
            #expect(try await send(chain, Samples.transaction(order), order, slips: true) == .taken)
            #expect(try await status(chain, Samples.transaction(order)).state == .failed(code: "SLIPPAGE_EXCEEDED", wouldBe: BaseUnits(216_037_799)))
        }
    }

    @Test func `a swap that will land moves its pools when it is taken, once; the next one is refused until it knows`() async throws {
        try await withBench { bench async throws in
            let (order, chain) = (Samples.order(), ledger(bench))
            let effects = [PoolEffect(pool: "a", base: 700), PoolEffect(pool: "b", base: -9_007_199_254_740_992)]
            func offer(_ attempt: Int, _ flows: [String: PoolFlow]?) async throws -> SendOutcome {
                let terms = SwapTerms(amountOut: BaseUnits(218_000_000), effects: effects, flows: flows)
                return try await chain.send(Samples.transaction(order, attempt: attempt), order: order.id, terms: terms)
            }
            #expect(try await offer(1, [:]) == .taken)
            let flows = try await bench.pipeline.marketFlows(partition: 0)
            #expect(flows.mapValues(\.base) == ["a": 700, "b": -9_007_199_254_740_992])
            #expect(try await offer(1, [:]) == .known)
            #expect(try await offer(2, [:]) == .moved)
            #expect(try await status(chain, Samples.transaction(order, attempt: 2)).state == .unknown)
            #expect(try await bench.pipeline.marketFlows(partition: 0) == flows)
            #expect(try await offer(2, flows) == .taken)
            // An offer that does not compare is taken, whatever has moved.
            #expect(try await offer(3, nil) == .taken)
            let sum = try #require(try await bench.pipeline.marketFlows(partition: 0)["a"])
            #expect((1000...2100).contains(sum.base), "three times 700, faded for a moment")
            #expect(try await bench.pipeline.marketFlows(partition: 0).count == 2)
        }
    }

    @Test(arguments: [true, false])
    func `what fails or is lost moves nothing`(isLost: Bool) async throws {
        try await withBench { bench async throws in
            let order = Samples.order()
            let chain = ledger(bench) { if isLost { $0.dropPpm = 1_000_000 } else { $0.failurePpm = 1_000_000 } }
            let terms = SwapTerms(amountOut: BaseUnits(218_000_000), effects: [PoolEffect(pool: "a", base: 1)], flows: [:])
            #expect(try await chain.send(Samples.transaction(order), order: order.id, terms: terms) == .taken)
            #expect(try await bench.pipeline.marketFlows(partition: 0).isEmpty)
        }
    }

    @Test func `what swaps have put in is half as much after a half-life`() async throws {
        try await withBench { bench async throws in
            let (order, chain) = (Samples.order(), ledger(bench) { $0.halfLife = 3_600_000 })
            let hourAgo = try await bench.now() - 3_600_000
            _ = try await bench.send("HSET", bench.keys.market, "a", "-1000000:\(hourAgo)")
            let terms = SwapTerms(amountOut: BaseUnits(218_000_000), effects: [PoolEffect(pool: "a", base: -300)])
            #expect(try await chain.send(Samples.transaction(order), order: order.id, terms: terms) == .taken)
            let flow = try #require(try await bench.pipeline.marketFlows(partition: 0)["a"])
            #expect((-500_300 ... -500_100).contains(flow.base))
        }
    }

    @Test func `past its last valid slot nothing is taken`() async throws {
        try await withBench { bench in
            let (order, chain) = (Samples.order(), ledger(bench))
            let slot = chain.slot(at: try await bench.now())
            let transaction = Samples.transaction(order, lastValidSlot: slot - 1)
            #expect(try await send(chain, transaction, order) == .expired)
            #expect(try await bench.send("EXISTS", bench.keys.transaction(transaction.signature)).integer == 0)
        }
    }

    @Test func `an expired transaction cannot be sent again, even when it was dropped`() async throws {
        try await withBench { bench in
            let order = Samples.order()
            let lossy = ledger(bench) { ($0.slotMilliseconds, $0.dropPpm) = (100, 1_000_000) }
            let transaction = Samples.transaction(order, lastValidSlot: lossy.slot(at: try await bench.now()) + 20)
            #expect(try await send(lossy, transaction, order) == .taken)
            try await eventually { try await status(lossy, transaction).slot > transaction.lastValidSlot }
            let calm = ledger(bench) { $0.slotMilliseconds = 100 }
            #expect(try await send(calm, transaction, order) == .expired)
            #expect(try await status(calm, transaction).state == .unknown)
            #expect(try await landed(bench) == 0)
        }
    }

    @Test(arguments: [(0, 1_000_000), (150, 0)])
    func `a look beyond the last valid slot is definitive`(latency: Int, late: Int) async throws {
        try await withBench { bench in
            let order = Samples.order()
            let chain = ledger(bench) { ($0.slotMilliseconds, $0.latency, $0.latePpm) = (100, latency...latency, late) }
            let transaction = Samples.transaction(order, lastValidSlot: chain.slot(at: try await bench.now()) + 20)
            #expect(try await send(chain, transaction, order) == .taken)
            let last = try await eventually {
                let look = try await status(chain, transaction)
                return look.slot > transaction.lastValidSlot ? look.state : nil
            }
            guard case .landed(let slot, _) = last else { throw TestFailure("\(last) beyond the last valid slot") }
            #expect(slot <= transaction.lastValidSlot)
        }
    }

    @Test func `what would land too late never lands`() async throws {
        try await withBench { bench in
            let order = Samples.order()
            let chain = ledger(bench) { ($0.slotMilliseconds, $0.latency) = (100, 60_000...60_000) }
            let transaction = Samples.transaction(order, lastValidSlot: chain.slot(at: try await bench.now()) + 20)
            #expect(try await send(chain, transaction, order) == .taken)
            #expect(try await status(chain, transaction).state == .unknown)
            #expect(try await bench.send("ZCARD", bench.keys.due).integer == 0)
        }
    }

    @Test func `records are pruned a day after they expired, where nobody can ask for them any more`() async throws {
        try await withBench { bench in
            let chain = ledger(bench)
            let now = try await bench.now()
            let slot = chain.slot(at: now) + 150
            let (gone, (open, entry), (over, last)) = (Samples.order(), try await bench.reach(.submitted), try await bench.reach(.submitted))
            try await bench.written(.confirm(Samples.fill), last)
            for order in [gone, open, over] { _ = try await send(chain, Samples.transaction(order, lastValidSlot: slot), order) }
            _ = try await status(chain, Samples.transaction(open))
            func left() async throws -> [Bool] {
                var left: [Bool] = []
                for order in [gone, open, over] {
                    left.append(try await bench.send("EXISTS", bench.keys.transaction(Samples.transaction(order).signature)).integer == 1)
                }
                return left
            }
            try await chain.prune(retention: .seconds(7 * 86_400), now: now + 86_000_000)
            #expect(try await left() == [true, true, true])
            try await chain.prune(retention: .seconds(7 * 86_400), now: now + 87_000_000)
            #expect(try await left() == [false, true, false])
            #expect(try await landed(bench) == 3)
            try await bench.written(.confirm(Samples.fill), entry)
            try await chain.prune(retention: .seconds(86_000), now: now + 87_000_000)
            #expect(try await left() == [false, false, false])
            #expect(try await landed(bench) == 0)
            #expect(try await bench.send("ZCARD", bench.keys.expiring).integer == 0)
        }
    }

    @Test func `pruning goes on until nothing is left to prune, past records that must stay`() async throws {
        try await withBench { bench in
            let open = Samples.order()
            try await bench.send("HSET", bench.keys.order(open.id), "s", "submitted 1 1 6 1768030217789 routed:1-0")
            for index in 0..<1500 {
                // The oldest transactions belong to an order that has not ended.
                let id = index < 450 ? open.id : Samples.id()
                try await bench.send("HSET", bench.keys.transaction("s\(index)"), "orderId", id.description)
                try await bench.send("ZADD", bench.keys.expiring, String(index), "s\(index)")
            }
            let body = "for i = 1, 12000 do redis.call('XADD', KEYS[1], i .. '-0', 'n', i) end"
            try await bench.send("EVAL", body, "1", bench.keys.landed)
            try await ledger(bench).prune(retention: .seconds(1), now: try await bench.now())
            #expect(try await bench.send("ZCARD", bench.keys.expiring).integer == 450)
            #expect(try await bench.send("EXISTS", bench.keys.transaction("s449"), bench.keys.transaction("s450")).integer == 1)
            #expect(try await bench.send("XLEN", bench.keys.landed).integer == 0)
        }
    }

    @Test func `the same seed draws the same outcomes, in the proportions asked for`() async throws {
        let orders = (0..<400).map { _ in Samples.order() }
        func failures(seed: UInt64) async throws -> [Bool] {
            var failed: [Bool] = []
            try await withBench { bench in
                let chain = ledger(bench) { ($0.seed, $0.failurePpm) = (seed, 200_000) }
                for order in orders { _ = try await send(chain, Samples.transaction(order), order) }
                let states = try await chain.status(orders.map { Samples.transaction($0).signature }, partition: 0).states
                failed = states.map { $0 == .failed(code: "NETWORK", wouldBe: BaseUnits(218_000_000)) }
            }
            return failed
        }
        let first = try await failures(seed: 1)
        #expect(try await failures(seed: 1) == first)
        #expect(try await failures(seed: 2) != first)
        // 80 are expected; 5 standard deviations are 40.
        #expect((40...120).contains(first.count { $0 }))
    }
}

extension ChainLedger {
    /// Sends one transaction.
    func send(_ transaction: SignedTransaction, order: OrderID, terms: SwapTerms) async throws -> SendOutcome {
        try await send([LedgerOffer(transaction: transaction, order: order, terms: terms)], partition: 0)[0].outcome
    }
}

extension TransactionStatus {
    fileprivate var kind: String {
        switch self {
        case .unknown: "unknown"
        case .sent: "sent"
        case .landed: "landed"
        case .failed: "failed"
        }
    }
}
