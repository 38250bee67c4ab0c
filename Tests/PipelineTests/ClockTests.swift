import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import PaperMarket
@testable import Pipeline

/// Tests the time that the engine uses when Redis' own clock is set back. The tests write a higher time as the highest one that was seen, so that
/// Redis' clock is behind it.
@Suite(.onLoop) @ServiceActor
struct ClockTests {
    private static let hour: UInt64 = 3_600_000

    /// Acts as if Redis' clock had been set back by an hour a moment ago. Returns the highest time that was seen.
    @discardableResult
    private func setBack(_ bench: Bench, _ key: String) async throws -> UInt64 {
        let highest = try await own(bench) + Self.hour
        try await bench.send("DEL", key)
        try await bench.send("HSET", key, "highest", String(highest))
        return highest
    }

    /// Redis' own time in ms.
    private func own(_ bench: Bench) async throws -> UInt64 {
        let parts = try await bench.send("TIME").array?.compactMap { $0.string.flatMap { UInt64($0) } } ?? []
        return parts[0] * 1000 + parts[1] / 1000
    }

    private func kept(_ bench: Bench, _ field: String) async throws -> UInt64? {
        try await bench.send("HGET", bench.keys.clock, field).string.flatMap { UInt64($0) }
    }

    /// The time that a partition's scripts use.
    private func time(_ bench: Bench) async throws -> UInt64 {
        UInt64(try await bench.pipeline.run(Scripts.now, keys: [bench.keys.accepted], []).integer ?? 0)
    }

    @Test func `a retry comes at its time though Redis' clock is set back by an hour`() async throws {
        try await withBench { bench async throws in
            _ = try await bench.pipeline.sweep(bench.keys)
            let (order, entry) = try await bench.reach(.submitted)
            try await setBack(bench, bench.keys.clock)
            try await bench.written(Samples.failure(.network, delay: 300), entry)
            #expect(try await bench.pipeline.promote(bench.keys) == 0)
            try await eventually { () async throws in
                _ = try await bench.pipeline.sweep(bench.keys)
                return try await bench.pipeline.promote(bench.keys) == 1
            }
            #expect(try await bench.take(.executor).orderID == order.id)
        }
    }

    @Test func `a deadline holds though Redis' clock is set back by an hour`() async throws {
        try await withBench { bench async throws in
            let highest = try await setBack(bench, bench.keys.clock)
            let order = try await bench.place(Samples.order(deadline: highest + 300))
            #expect(try await bench.pipeline.sweep(bench.keys) == 0)
            try await eventually { try await bench.pipeline.sweep(bench.keys) == 1 }
            #expect(try await bench.state(order) == .failed)
        }
    }

    @Test func `what one look at the chain has called expired cannot be sent after it, whatever Redis' clock does`() async throws {
        try await withBench { bench async throws in
            let options = ChainOptions(seed: 7, latency: 0...0, failurePpm: 0, dropPpm: 0, latePpm: 0, slotMilliseconds: 400, validSlots: 150)
            let (order, chain) = (Samples.order(), ChainLedger(pipeline: bench.pipeline, options: options))
            let transaction = Samples.transaction(order, lastValidSlot: chain.lastValidSlot(at: try await own(bench)))
            try await setBack(bench, bench.keys.clock)
            let look = try await chain.status([transaction.signature], partition: 0)
            #expect(look.slot > transaction.lastValidSlot && look.states == [.unknown])
            let terms = SwapTerms(amountOut: BaseUnits(218_000_000))
            #expect(try await chain.send(transaction, order: order.id, terms: terms) == .expired)
        }
    }

    @Test func `what is due on the chain comes though Redis' clock is set back by an hour, and not before its time`() async throws {
        try await withBench { bench async throws in
            let options = ChainOptions(seed: 7, latency: 700...700, failurePpm: 0, dropPpm: 0, latePpm: 0, slotMilliseconds: 400, validSlots: 150)
            let (order, chain) = (Samples.order(), ChainLedger(pipeline: bench.pipeline, options: options))
            let transaction = Samples.transaction(order, lastValidSlot: chain.lastValidSlot(at: try await own(bench) + Self.hour))
            let highest = try await setBack(bench, bench.keys.clock)
            let offer = LedgerOffer(transaction: transaction, order: order.id, terms: SwapTerms(amountOut: BaseUnits(218_000_000)))
            #expect(try await chain.send([offer], partition: 0) == [SendAnswer(outcome: .taken, due: .milliseconds(700))])
            try await eventually { () async throws in
                let state = try await chain.status([transaction.signature], partition: 0).states[0]
                let now = try await time(bench)
                guard case .sent(let due) = state else { return now >= highest + 700 }
                // What the chain still says is how much of its own time is left, however slowly that goes.
                #expect(due <= .milliseconds(700) && due > .zero)
                return false
            }
            #expect(try await bench.send("XLEN", bench.keys.landed).integer == 1)
        }
    }

    @Test func `before the chain calls a transaction unknown, the time of that is kept`() async throws {
        try await withBench { bench async throws in
            let options = ChainOptions(seed: 7, latency: 0...0, failurePpm: 0, dropPpm: 0, latePpm: 0, slotMilliseconds: 1, validSlots: 150)
            let chain = ChainLedger(pipeline: bench.pipeline, options: options)
            for _ in 0..<20 {
                let slot = try await chain.status(["s"], partition: 0).slot
                #expect(try await kept(bench, "highest") == slot)
                try await sleep(for: .milliseconds(5))
            }
        }
    }

    @Test func `the time never goes back, and goes on from the highest one that was seen`() async throws {
        try await withBench { bench async throws in
            let highest = try await setBack(bench, bench.keys.clock)
            #expect(try await time(bench) == highest)
            _ = try await bench.pipeline.sweep(bench.keys)
            var last = highest
            for _ in 0..<20 {
                try await sleep(for: .milliseconds(50))
                let now = try await time(bench)
                #expect(now >= last)
                last = now
                _ = try await bench.pipeline.sweep(bench.keys)
            }
            #expect((highest + 700...highest + 5000).contains(last), "\(last - highest) ms in a second")
        }
    }

    @Test func `a clock that was set back is let catch up by a tenth of the time that goes by`() async throws {
        try await withBench { bench async throws in
            let own = try await own(bench)
            try await bench.send("HSET", bench.keys.clock, "highest", String(own + Self.hour - 4000), "ahead", String(Self.hour))
            _ = try await bench.pipeline.sweep(bench.keys)
            let ahead = try #require(try await kept(bench, "ahead"))
            #expect((Self.hour - 600...Self.hour - 400).contains(ahead), "\(ahead)")
        }
    }

    @Test func `a clock that is set right again is gone by at once`() async throws {
        try await withBench { bench async throws in
            let own = try await own(bench)
            try await bench.send("HSET", bench.keys.clock, "highest", String(own - 700), "ahead", String(Self.hour))
            #expect(try await time(bench) - own < 5000)
            _ = try await bench.pipeline.sweep(bench.keys)
            #expect(try await kept(bench, "ahead") == 0)
            // A clock that is set not quite right: the time goes beyond the highest one by no more than it may.
            try await bench.send("HSET", bench.keys.clock, "highest", String(own + 60_000), "ahead", String(Self.hour))
            #expect(try await time(bench) == own + 65_000)
        }
    }

    @Test(arguments: ["1e300", "-1", "nan", "inf", "18446744073709551615", "x", ""])
    func `a time that nobody can have kept is none`(value: String) async throws {
        try await withBench { bench async throws in
            try await bench.send("HSET", bench.keys.clock, "highest", value, "ahead", value)
            let before = try await own(bench)
            #expect(try await time(bench) - before < 1000)
            _ = try await bench.pipeline.sweep(bench.keys)
            #expect(try await kept(bench, "ahead") == 0)
        }
    }

    @Test func `the time is kept about once a second, and no step writes it`() async throws {
        try await withBench { bench async throws in
            _ = try await bench.pipeline.sweep(bench.keys)
            let first = try #require(try await kept(bench, "highest"))
            for _ in 0..<5 {
                _ = try await bench.reach(.submitted)
                _ = try await bench.pipeline.sweep(bench.keys)
            }
            let second = try #require(try await kept(bench, "highest"))
            #expect(second == first || second >= first + 500)
            try await bench.send("HSET", bench.keys.clock, "highest", "1")
            _ = try await bench.reach(.submitted)
            _ = try await bench.pipeline.promote(bench.keys)
            #expect(try await kept(bench, "highest") == 1)
        }
    }

    @Test func `a heartbeat tells the time that holds, and by how much Redis' own is behind it`() async throws {
        try await withBench { bench async throws in
            let heartbeat = Heartbeat(redis: bench.redis, service: "router", name: "r") { [:] }
            await heartbeat.beat()
            #expect(heartbeat.setBack == .zero)
            let highest = try await setBack(bench, Keys.clock(of: "{services}"))
            await heartbeat.beat()
            #expect(try #require(heartbeat.clock.now) >= highest)
            #expect((Duration.seconds(3590)...Duration.seconds(3600)).contains(heartbeat.setBack))
            // Names use the same time, so that a process that ends now does not count as alive for an hour.
            #expect(try await bench.pipeline.aliveNames() == ["r"])
            #expect(try await bench.pipeline.time() >= highest)
        }
    }

    @Test func `places of the minute come back though Redis' clock is set back by an hour`() async throws {
        try await withBench { bench async throws in
            let budget = AttemptBudget(pipeline: bench.pipeline, perMinute: 2)
            #expect(await budget.take(5).places.count == 2)
            // The places were taken in a minute before the highest time that was seen, so they are free again.
            let highest = try await setBack(bench, Keys.clock(of: "{limits}"))
            #expect(highest > 0)
            #expect(await budget.take(5).places.count == 2)
        }
    }

    // MARK: A clock that ran ahead

    private func score(_ bench: Bench, _ key: String, _ member: String) async throws -> UInt64 {
        try #require(try await bench.send("ZSCORE", key, member).integer.flatMap { UInt64(exactly: $0) })
    }

    @Test func `a retry that a clock written off has put an hour away comes after its own wait; one that is to wait so long waits`() async throws {
        try await withBench { bench async throws in
            let (order, entry) = try await bench.reach(.submitted)
            let (patient, other) = try await bench.reach(.submitted)
            try await bench.written(Samples.failure(.network, delay: 2 * Self.hour), other)
            try await setBack(bench, bench.keys.clock)
            try await bench.written(Samples.failure(.network, delay: 300), entry)
            let members = [order, patient].map { "routed:\($0.id):2" }
            #expect(try await bench.pipeline.hasten(bench.keys) == 0, "while the time is that far ahead, nothing is wrong")
            // The remedy for a clock that ran ahead.
            try await bench.send("DEL", bench.keys.clock)
            let before = try await own(bench)
            let later = try await score(bench, bench.keys.retries, members[1])
            #expect(try await score(bench, bench.keys.retries, members[0]) > before + Self.hour - 60_000)
            #expect(try await bench.pipeline.hasten(bench.keys) == 1)
            #expect(try await score(bench, bench.keys.retries, members[0]) - before < 60_000)
            #expect(try await score(bench, bench.keys.retries, members[1]) == later)
            #expect(try await bench.pipeline.hasten(bench.keys) == 0)
            try await eventually { try await bench.pipeline.promote(bench.keys) == 1 }
            #expect(try await bench.take(.executor).orderID == order.id)
        }
    }

    @Test func `orders that leave, names and places of a clock written off hold nothing any longer than those of the right one`() async throws {
        try await withBench { bench async throws in
            let tags = ["{services}", "{limits}"].map { Keys.clock(of: $0) }
            for key in tags { try await setBack(bench, key) }
            await Heartbeat(redis: bench.redis, service: "router", name: "gone") { [:] }.beat()
            let budget = AttemptBudget(pipeline: bench.pipeline, perMinute: 3)
            #expect(await budget.take(2).places.count == 2)
            let now = try await own(bench)
            let right = String(now + 600_000)
            for index in 0..<250 { try await bench.send("ZADD", bench.keys.leaving, String(now + 600_000 + Self.hour), "id\(index):u") }
            try await bench.send("ZADD", bench.keys.leaving, right, "right:u")
            try await bench.send("DEL", tags[0], tags[1])

            #expect(try await bench.pipeline.hasten(bench.keys) == 250)
            #expect(try await bench.send("ZCOUNT", bench.keys.leaving, "-inf", String(now + 660_000)).integer == 251)
            #expect(try await score(bench, bench.keys.leaving, "right:u") == now + 600_000)
            await Heartbeat(redis: bench.redis, service: "router", name: "r") { [:] }.beat()
            #expect(try await bench.pipeline.aliveNames() == ["r"])
            #expect(await budget.take(5).places.count == 3)
        }
    }
}
