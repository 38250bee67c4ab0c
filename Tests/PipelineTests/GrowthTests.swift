import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Tests more partitions while the engine works.
@Suite(.onLoop) @ServiceActor
struct GrowthTests {
    private static let day: UInt64 = 86_400_000

    /// Another process on the same Redis, which knows nothing of a growth yet.
    private func process(_ bench: Bench, _ partitions: Int = 1) -> OrderPipeline {
        OrderPipeline(redis: bench.redis, settings: PipelineSettings(partitions: partitions))
    }

    private func agreed(_ bench: Bench) async throws -> String? { try await bench.send("GET", Keys.agreement("partitions")).string }

    private func order(_ pipeline: OrderPipeline, key: String?, fingerprint: String = "f") -> Order {
        var random = SystemRandomNumberGenerator()
        let scope = Samples.order(key: key).idempotencyScope
        let partition = key.map { pipeline.partition(scope, idempotencyKey: $0) } ?? pipeline.anyPartition(using: &random)
        return Samples.order(Samples.id(partition: UInt8(partition)), key: key, fingerprint: fingerprint)
    }

    private func accept(_ pipeline: OrderPipeline, _ order: Order, limits: AccountLimits? = nil) async throws -> AcceptOutcome {
        try await pipeline.accept([NewOrder(order)], limits: limits, idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
    }

    /// Places an order as a gateway does, which learns of a growth when it is refused. Returns the order's id.
    private func insist(_ pipeline: OrderPipeline, key: String) async throws -> OrderID {
        while true {
            switch try await accept(pipeline, order(pipeline, key: key)) {
            case .accepted(let id, _), .replay(let id, _): return id
            case .moved: try await pipeline.refreshPartitions()
            case let other: throw TestFailure("\(key): \(other)")
            }
        }
    }

    /// Beats as a process that reads so many partitions, until the test is over.
    private func beating(_ bench: Bench, _ partitions: Int, _ name: String = "router-1") async -> Heartbeat {
        let heart = Heartbeat(redis: bench.redis, service: "router", name: name) { ["partitions": "\(partitions)/2", "startedWith": "1"] }
        await heart.beat()
        return heart
    }

    private func grown(_ bench: Bench, to count: Int) async throws {
        #expect(try await bench.pipeline.grow(to: count) == nil)
        #expect(try await bench.pipeline.advanceGrowth(idempotencyTTL: Self.day))
    }

    // MARK: Growing

    @Test func `the new count holds once every process reads the new partitions, and not before`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let other = await beating(bench, 1)
            #expect(try await bench.pipeline.grow(to: 8) == nil)
            #expect(try await agreed(bench) == "1+8/2g")
            #expect(bench.pipeline.partitions.count == 8)
            for keys in bench.pipeline.partitions { #expect(try await bench.send("EXISTS", keys.accepted).integer == 1) }
            #expect(order(bench.pipeline, key: "a").id.partition == 0)
            #expect(try await !bench.pipeline.advanceGrowth(idempotencyTTL: Self.day))
            #expect(
                try await bench.pipeline.partitionStanding()
                    == PartitionStanding(
                        count: 1, growingTo: 8, waitingFor: ["router-1"], outdated: ["router-1"]))
            await other.end()
            _ = await beating(bench, 8)
            #expect(try await bench.pipeline.advanceGrowth(idempotencyTTL: Self.day))
            let standing = try await bench.pipeline.partitionStanding()
            #expect(standing.count == 8 && standing.growingTo == nil && standing.waitingFor.isEmpty && standing.former.map(\.count) == [1])
            let until = try #require(standing.former.first?.until)
            #expect(try await until > bench.now() + Self.day)
            for keys in bench.pipeline.partitions { #expect(try await bench.send("GET", keys.placing).string == "8") }
        }
    }

    @Test func `a process that knows nothing of it cannot place by the old count, and finds the orders of before`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let old = order(bench.pipeline, key: "old")
            #expect(try await accept(bench.pipeline, old) == .accepted(old.id, job: try await job(bench, old)))
            let (stale, late) = (process(bench), process(bench))
            try await grown(bench, to: 8)
            for pipeline in [bench.pipeline, stale] {
                #expect(try await accept(pipeline, order(pipeline, key: "old")) == .replay(old.id, job: try await job(bench, old)))
                #expect(try await accept(pipeline, order(pipeline, key: "old", fingerprint: "g")) == .conflict(old.id))
            }
            // Where the key has another partition now, and where it keeps the one that it has.
            let moved = try #require((0..<99).map { "key-\($0)" }.first { order(bench.pipeline, key: $0).id.partition > 0 })
            let staying = try #require((0..<99).map { "key-\($0)" }.first { order(bench.pipeline, key: $0).id.partition == 0 })
            for key in [moved, staying] { #expect(try await accept(stale, order(stale, key: key)) == .moved) }
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1)
            guard case .accepted = try await accept(stale, order(stale, key: nil)) else { return #expect(Bool(false), "no key, any partition") }
            try await stale.refreshPartitions()
            let (first, second) = (try await insist(stale, key: moved), try await insist(late, key: moved))
            #expect(first == second && first.partition > 0)
        }
    }

    private func job(_ bench: Bench, _ order: Order) async throws -> String {
        let print = try await bench.send("HGET", bench.pipeline.keys(of: order.id).order(order.id), "f").string ?? ""
        return String(print.prefix { $0 != " " })
    }

    @Test func `a try whose answer was lost is no second order when the engine has grown meanwhile`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let lost = order(bench.pipeline, key: "lost")
            _ = try await accept(bench.pipeline, lost)
            try await grown(bench, to: 64)
            let outcome = try await accept(bench.pipeline, lost)
            let isElsewhere = bench.pipeline.partition(lost.idempotencyScope, idempotencyKey: "lost") != 0
            #expect(outcome == (isElsewhere ? .moved : .replay(lost.id, job: try await job(bench, lost))))
            #expect(try await insist(bench.pipeline, key: "lost") == lost.id)
        }
    }

    @Test func `whoever counts the orders of an account counts them in all partitions`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let stale = process(bench)
            let limits = AccountLimits(Account(owner: Owner(key: "bot"), user: nil), openOrders: 1, ordersPerMinute: nil)
            try await grown(bench, to: 8)
            let first = order(bench.pipeline, key: nil)
            guard case .accepted = try await accept(bench.pipeline, first, limits: limits) else { return #expect(Bool(false), "the first") }
            #expect(try await accept(stale, order(stale, key: nil), limits: limits) == .moved)
            try await stale.refreshPartitions()
            #expect(try await accept(stale, order(stale, key: nil), limits: limits) == .limited(.openOrders(1)))
        }
    }

    @Test func `an engine that grows twice finds the records of all counts of before, as long as there are any`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            var ids: [String: OrderID] = [:]
            for (count, keys) in [(1, "a"), (8, "b"), (64, "c")] {
                if count > 1 { try await grown(bench, to: count) }
                for number in 0..<10 { ids["\(keys)\(number)"] = try await insist(bench.pipeline, key: "\(keys)\(number)") }
            }
            let fresh = process(bench)
            try await fresh.refreshPartitions()
            for (key, id) in ids {
                #expect(try await insist(fresh, key: key) == id)
                let record = try await fresh.record(Samples.order(key: key).idempotencyScope, key: key, timeout: .seconds(5))
                #expect(record?.id == id)
            }
            #expect(try await agreed(bench)?.hasPrefix("64<8@") == true)
        }
    }

    /// Gateways place orders again and again under few keys, and each learns of the growth at another moment.
    @Test func `while the engine grows no key gets two orders`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let over = Promise<Void>()
            let gateways = (0..<4).map { number in
                Loop.spawn {
                    let pipeline = self.process(bench)
                    var seen: [String: Set<OrderID>] = [:]
                    var (round, left) = (0, 50)
                    while left > 0 {
                        round += 1
                        if over.isCompleted { left -= 1 }
                        let key = "key-\(round / 2 + Int.random(in: 0..<4))"
                        seen[key, default: []].insert(try await self.insist(pipeline, key: key))
                        if round % 50 == 10 * number { try await pipeline.refreshPartitions() }
                    }
                    return seen
                }
            }
            for count in [2, 16, 64] {
                try await sleep(for: .milliseconds(150))
                try await grown(bench, to: count)
            }
            over.succeed(())
            var all: [String: Set<OrderID>] = [:]
            for gateway in gateways { all.merge(try await gateway.value) { $0.union($1) } }
            #expect(all.count > 50)
            for (key, ids) in all { #expect(ids.count == 1, "\(key): \(ids)") }
            #expect(all.values.contains { $0.first.map { $0.partition > 16 } == true })
        }
    }

    // MARK: Crashes and pauses

    @Test func `another process goes on with a growth that was cut off`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            #expect(try await bench.pipeline.grow(to: 4) == nil)
            // One partition has refused already, when the process ended.
            _ = try await bench.pipeline.run(Scripts.placing, keys: [bench.keys.placing], ["4"])
            #expect(try await accept(bench.pipeline, order(bench.pipeline, key: "a")) == .moved)
            let other = process(bench)
            #expect(try await other.grow(to: 8) == .growing(4))
            #expect(try await other.grow(to: 4) == nil)
            #expect(try await other.advanceGrowth(idempotencyTTL: Self.day))
            #expect(try await insist(bench.pipeline, key: "a") == insist(other, key: "a"))
            // One that comes too late changes nothing.
            _ = try await bench.pipeline.run(Scripts.placing, keys: [bench.keys.placing], ["2"])
            #expect(try await bench.send("GET", bench.keys.placing).string == "4")
            let settled = try await agreed(bench)
            #expect(try await other.advanceGrowth(idempotencyTTL: 1))
            #expect(try await agreed(bench) == settled)
        }
    }

    @Test func `a paused engine that grows is paused in its new partitions too`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            try await bench.pipeline.pause(reason: "upgrade")
            try await grown(bench, to: 4)
            for keys in bench.pipeline.partitions { #expect(try await bench.send("HGET", keys.paused, "reason").string == "upgrade") }
            #expect(try await accept(bench.pipeline, order(bench.pipeline, key: "a")) == .paused(reason: "upgrade"))
            try await bench.pipeline.resume()
            _ = try await insist(bench.pipeline, key: "a")
        }
    }

    @Test func `a gateway that knows nothing of a growth pauses and resumes all partitions`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let (stale, later) = (process(bench), process(bench))
            try await grown(bench, to: 4)
            try await stale.pause(reason: "upgrade")
            for keys in bench.pipeline.partitions { #expect(try await bench.send("HGET", keys.paused, "reason").string == "upgrade") }
            try await later.resume()
            for keys in bench.pipeline.partitions { #expect(try await bench.send("EXISTS", keys.paused).integer == 0) }
        }
    }

    @Test func `who asks again for a growth has the partitions refuse again what a failover has let them forget`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let stale = process(bench)
            try await grown(bench, to: 4)
            try await bench.send("DEL", bench.keys.placing)
            #expect(try await bench.pipeline.grow(to: 4) == nil)
            #expect(try await accept(stale, order(stale, key: "a")) == .moved)
        }
    }

    @Test func `a growth goes on once a partition refuses, whoever comes meanwhile`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            #expect(try await bench.pipeline.grow(to: 4) == nil)
            _ = try await bench.pipeline.run(Scripts.placing, keys: [bench.keys.placing], ["4"])
            let old = await beating(bench, 1)
            #expect(try await bench.pipeline.advanceGrowth(idempotencyTTL: Self.day))
            await old.end()
        }
    }

    @Test func `what is no growth is refused`() async throws {
        try await withBench(PipelineSettings(partitions: 4)) { bench in
            try await bench.pipeline.agreeOnPartitions()
            #expect(try await bench.pipeline.grow(to: 2) == .notMore(4))
            #expect(try await bench.pipeline.grow(to: 257) == .tooMany(256))
            #expect(try await bench.pipeline.grow(to: 4) == nil)
            #expect(try await agreed(bench) == "4/2")
            try await bench.send("SET", Keys.agreement("partitions"), "4>8/2")
            #expect(try await bench.pipeline.grow(to: 8) == .changed)
            #expect(try await agreed(bench) == "4>8/2")
        }
    }

    // MARK: Starting

    @Test func `a process that is started with the count of before, or the new one, works with the others`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let alive = await beating(bench, 8)
            let beats = Loop.spawn { await alive.run() }
            #expect(try await bench.pipeline.grow(to: 8) == nil)
            for count in [1, 8] {
                let started = process(bench, count)
                try await started.agreeOnPartitions()
                #expect(started.partitions.count == 8 && started.isGrowing)
            }
            #expect(try await bench.pipeline.advanceGrowth(idempotencyTTL: Self.day))
            for count in [1, 8] {
                let started = process(bench, count)
                try await started.agreeOnPartitions()
                #expect(started.partitions.count == 8 && !started.isGrowing)
                #expect(order(started, key: "a").id.partition == order(bench.pipeline, key: "a").id.partition)
            }
            let stranger = process(bench, 4)
            await #expect(throws: PartitionMismatch.self) { try await stranger.agreeOnPartitions() }
            beats.cancel()
            await beats.value
            await alive.end()
            // Nobody is alive, and orders are under way.
            _ = try await bench.place()
            let first = process(bench)
            try await first.agreeOnPartitions()
            #expect(first.partitions.count == 8)
        }
    }

    @Test func `an engine without orders goes back to the count of before, and its partitions refuse the other one`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            try await grown(bench, to: 8)
            let started = process(bench)
            try await started.agreeOnPartitions()
            #expect(try await agreed(bench) == "1/2")
            #expect(started.partitions.count == 1)
            _ = try await insist(started, key: "a")
            let frozen = order(bench.pipeline, key: "b")
            if frozen.id.partition == 0 { #expect(try await accept(bench.pipeline, frozen) == .moved) }
        }
    }

    @Test func `the counts of before are forgotten when no record is left and every process was started with the new one`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            try await grown(bench, to: 8)
            try await bench.pipeline.settlePartitions()
            #expect(try await agreed(bench)?.hasPrefix("8<1@") == true)
            try await bench.send("SET", Keys.agreement("partitions"), "8<1@17/2g")
            try await bench.pipeline.refreshPartitions()
            let old = await beating(bench, 8)
            try await bench.pipeline.settlePartitions()
            #expect(try await agreed(bench) == "8<1@17/2g")
            await old.end()
            try await bench.pipeline.settlePartitions()
            #expect(try await agreed(bench) == "8/2")
        }
    }
}
