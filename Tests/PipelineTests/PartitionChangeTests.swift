import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Tests another count of partitions for an engine that is paused and has nothing under way.
@Suite(.onLoop) @ServiceActor
struct PartitionChangeTests {
    private func pipeline(_ bench: Bench, _ partitions: Int) -> OrderPipeline {
        OrderPipeline(redis: bench.redis, settings: PipelineSettings(partitions: partitions))
    }

    private func agreed(_ bench: Bench) async throws -> String? { try await bench.send("GET", Keys.agreement("partitions")).string }

    /// A key of the user `u` that leads to a partition.
    private func key(of pipeline: OrderPipeline, in partition: Int) -> String {
        (0...).lazy.map { "k\($0)" }.first { pipeline.partition(IdempotencyScope(user: "u"), idempotencyKey: $0) == partition } ?? ""
    }

    private func obstacle(_ pipeline: OrderPipeline) async -> String {
        do {
            try await pipeline.agreeOnPartitions()
            return "none"
        } catch {
            return (error as? PartitionMismatch)?.obstacle ?? "\(error)"
        }
    }

    /// Leads an order to its end and stores all its events.
    private func finish(_ bench: Bench, _ order: Order) async throws {
        let (_, entry) = try await bench.reach(.submitted, order)
        try await bench.written(.confirm(Samples.fill), entry)
        try await bench.storeEvents()
    }

    @Test func `what is in the way of another count is named, one after the other`() async throws {
        try await withBench { bench in
            let other = pipeline(bench, 4)
            try await bench.pipeline.agreeOnPartitions()
            let (order, entry) = try await bench.reach(.submitted)
            #expect(await obstacle(other) == "the engine is not paused")
            try await bench.pipeline.pause(reason: "more partitions")
            let old = Heartbeat(redis: bench.redis, service: "router", name: "router-1") { ["partitions": "1/2"] }
            let beating = Loop.spawn { await old.run() }
            try await eventually { try await bench.pipeline.aliveNames() == ["router-1"] }
            #expect(await obstacle(other) == "router-1 is still running with another count")
            beating.cancel()
            await beating.value
            await old.end()
            await Heartbeat(redis: bench.redis, service: "router", name: "router-2") { ["partitions": "4/2"] }.beat()
            #expect(await obstacle(other) == "not all entries of \(bench.keys.routed) are finished")
            try await bench.written(.confirm(Samples.fill), entry)
            #expect(await obstacle(other) == "not all entries of \(bench.keys.events) are finished")
            try await bench.storeEvents()
            try await bench.send("ZADD", bench.keys.retries, "1", "routed:x:1")
            #expect(await obstacle(other) == "1 retries wait")
            try await bench.send("DEL", bench.keys.retries)
            try await bench.send("XADD", bench.keys.dead, "*", "reason", "MALFORMED")
            #expect(await obstacle(other) == "1 dead letters are not settled")
            try await bench.send("DEL", bench.keys.dead)
            try await bench.put(order, in: .routed)
            #expect(await obstacle(other) == "order \(order.id) is under way")
            #expect(try await agreed(bench) == "1/2")
            try await bench.put(order, in: .confirmed)
            #expect(await obstacle(other) == "none")
            #expect(try await agreed(bench) == "4/2")
            try await other.resume()
            let mismatch = await #expect(throws: PartitionMismatch.self) { try await bench.pipeline.agreeOnPartitions() }
            #expect(mismatch?.description.contains("start with PARTITIONS=4") == true)
        }
    }

    @Test func `with more partitions a key that is repeated still gets its order, and a pause holds until it is ended`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let other = pipeline(bench, 16)
            var orders: [Order] = []
            for index in 0..<24 {
                let user = UserID(["", "a:b", "50%", "%3A", ":\u{301}%"][index % 5])
                let order = Samples.order(key: "k:\(index)", user: user)
                try await finish(bench, order)
                orders.append(order)
            }
            try await bench.pipeline.pause(reason: "growing")
            try await other.agreeOnPartitions()
            #expect(try await other.currentPause()?.reason == "growing")
            for keys in other.partitions { #expect(try await bench.send("EXISTS", keys.paused).integer == 1) }
            for order in orders {
                let partition = other.partition(order.idempotencyScope, idempotencyKey: try #require(order.clientOrderId))
                let again = Samples.order(Samples.id(partition: UInt8(partition)), key: order.clientOrderId, user: order.userId)
                let outcome = try await other.accept([NewOrder(again)], idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
                guard case .replay(order.id, _) = outcome else { throw TestFailure("\(outcome) instead of a replay of \(order.id)") }
                #expect(try await other.snapshot(order.id)?.order.id == order.id)
            }
            try await other.resume()
            #expect(try await other.currentPause() == nil)
        }
    }

    @Test func `with fewer partitions nothing is left in those that are no more but what ends by itself and what refuses orders`() async throws {
        try await withBench(PipelineSettings(partitions: 4)) { bench in
            try await bench.pipeline.agreeOnPartitions()
            let order = Samples.order(Samples.id(partition: 3), key: key(of: bench.pipeline, in: 3), user: "u")
            let keys = bench.pipeline.partitions[3]
            guard case .accepted = try await bench.accept(order) else { throw TestFailure("not accepted") }
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            let reply = try await bench.send("XREADGROUP", "GROUP", "router", "a", "STREAMS", keys.accepted, ">")
            let entry = try #require(StreamEntry.list(readGroup: reply).first)
            #expect(try await bench.pipeline.begin(try #require(WorkEntry(entry, options: .of(.router, "a"), partition: 3))).dropped == .duplicate)
            let events = try await bench.send("XREADGROUP", "GROUP", persistGroup, "n", "STREAMS", keys.events, ">")
            let place = try await bench.send("HGET", keys.order(order.id), "s").string ?? ""
            let stored = StreamEntry.list(readGroup: events).compactMap { EventEntry($0) }
            try await bench.pipeline.stored(stored.map { ($0.entry, $0.orderID.description, place) }, keys)
            try await bench.pipeline.pause(reason: "")
            let other = pipeline(bench, 1)
            try await other.agreeOnPartitions()
            var left: Set<String> = []
            _ = try await other.scan("orders:{3}:*") { key in
                left.insert(key)
                return true
            }
            #expect(left == [keys.order(order.id), keys.placing])
            #expect(try await bench.send("PTTL", keys.order(order.id)).integer ?? -1 > 0)
            let again = try await other.accept(
                [NewOrder(Samples.order(key: order.clientOrderId, user: "u"))], idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
            guard case .replay(order.id, _) = again else { throw TestFailure("\(again) instead of a replay") }
        }
    }

    @Test func `who was frozen while the engine shrank places no order where nobody reads, until there is such a partition again`() async throws {
        try await withBench(PipelineSettings(partitions: 4)) { bench in
            try await bench.pipeline.agreeOnPartitions()
            try await finish(bench, Samples.order())
            try await bench.pipeline.pause(reason: "")
            let other = pipeline(bench, 2)
            try await other.agreeOnPartitions()
            try await other.resume()
            let late = Samples.order(Samples.id(partition: 3))
            #expect(try await bench.accept(late) == .moved)
            #expect(try await bench.send("EXISTS", bench.pipeline.partitions[3].order(late.id)).integer == 0)
            guard case .accepted = try await bench.accept(Samples.order(Samples.id(partition: 1))) else { throw TestFailure("partition 1 is read") }
            #expect(try await other.grow(to: 4) == nil)
            #expect(try await other.advanceGrowth(idempotencyTTL: 60_000))
            guard case .accepted = try await bench.accept(late) else { throw TestFailure("partition 3 is read again") }
        }
    }

    @Test func `while a process goes by the old count an engine without orders keeps it too`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let old = Heartbeat(redis: bench.redis, service: "gateway", name: "gateway-1") { ["partitions": "1/2"] }
            let beating = Loop.spawn { await old.run() }
            try await eventually { try await bench.pipeline.aliveNames() == ["gateway-1"] }
            #expect(await obstacle(pipeline(bench, 4)) == "gateway-1 is still running with another count")
            #expect(try await agreed(bench) == "1/2")
            beating.cancel()
            await beating.value
            await old.end()
            #expect(await obstacle(pipeline(bench, 4)) == "none")
            #expect(try await agreed(bench) == "4/2")
        }
    }

    @Test func `of processes that start together one makes the change, and those that come later do not pause the engine again`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            try await finish(bench, Samples.order())
            try await bench.pipeline.pause(reason: "growing")
            let others = (0..<5).map { _ in pipeline(bench, 3) }
            let starting = others.map { other in
                Loop.spawn {
                    let outcome = await self.obstacle(other)
                    try await other.resume()
                    return outcome
                }
            }
            for task in starting { #expect(try await task.value == "none") }
            #expect(try await others[0].currentPause() == nil)
            #expect(try await agreed(bench) == "3/2")
        }
    }

    /// Starts as a process does: first its heartbeat, then the agreement. Returns what was in the way, and the heartbeat, which goes on.
    private func start(_ bench: Bench, _ partitions: Int) async -> (obstacle: String, heart: Task<Void, Never>) {
        let heartbeat = Heartbeat(redis: bench.redis, service: "router", name: "router-\(partitions)") { ["partitions": "\(partitions)/2"] }
        await heartbeat.beat()
        let heart = Loop.spawn { await heartbeat.run() }
        return (await obstacle(pipeline(bench, partitions)), heart)
    }

    @Test(arguments: Array(stride(from: 0, to: 60, by: 6)))
    func `of two processes that start with two counts at once at most one goes on`(turn: Int) async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            // More names that start with the process. To check them all takes a while, in which another process can begin.
            for index in 0..<30 { await Heartbeat(redis: bench.redis, service: "router", name: "ally-\(index)") { ["partitions": "4/2"] }.beat() }
            let changing = Loop.spawn { await self.start(bench, 4) }
            // A different moment of the change in each turn.
            for _ in 0..<turn { _ = try await bench.now() }
            let old = await start(bench, 1)
            let new = await changing.value
            for task in [old.heart, new.heart] {
                task.cancel()
                await task.value
            }
            #expect(old.obstacle != "none" || new.obstacle != "none")
            #expect(try await agreed(bench) == (new.obstacle == "none" ? "4/2" : "1/2"))
        }
    }

    @Test func `who starts while another makes the change is told so, and goes on when that has ended`() async throws {
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            let turn = Turn(pipeline: bench.pipeline, keys: Keys.partitionChange, name: "other")
            #expect(try await turn.take() == "")
            let other = pipeline(bench, 3)
            let error = await #expect(throws: PipelineError.self) { try await other.agreeOnPartitions() }
            #expect(error?.code == .changing && error?.cause == "another process is changing the count of partitions" && error?.isPassing == true)
            #expect(try await agreed(bench) == "1/2")
            try await turn.finish("")
            #expect(await obstacle(other) == "none")
        }
    }

    @Test(arguments: [1, 2, 4])
    func `a change that was cut off is begun again by whoever starts, to its own count`(count: Int) async throws {
        try await withBench(PipelineSettings(partitions: 2)) { bench in
            try await bench.pipeline.agreeOnPartitions()
            try await finish(bench, Samples.order(key: key(of: bench.pipeline, in: 0), user: "u"))
            try await bench.pipeline.pause(reason: "growing")
            try await bench.send("SET", Keys.agreement("partitions"), "2>4/2")
            let other = pipeline(bench, count)
            #expect(await obstacle(other) == "none")
            #expect(try await agreed(bench) == "\(count)/2")
            for keys in other.partitions { #expect(try await bench.send("EXISTS", keys.paused).integer == 1) }
        }
    }

    @Test func `a change that cannot be gone on with names the count that it was to`() async throws {
        try await withBench(PipelineSettings(partitions: 2)) { bench in
            try await finish(bench, Samples.order())
            try await bench.send("SET", Keys.agreement("partitions"), "2>4/2")
            let mismatch = await #expect(throws: PartitionMismatch.self) { try await bench.pipeline.agreeOnPartitions() }
            #expect(mismatch?.description.contains("4 is agreed on, and the engine is not paused: start with PARTITIONS=4") == true)
        }
    }
}
