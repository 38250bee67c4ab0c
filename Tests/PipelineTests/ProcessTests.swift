import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct ProcessTests {
    // MARK: Heartbeat

    @Test func `a process that beats is alive and keeps the time of Redis`() async throws {
        try await withBench { bench in
            let heartbeat = Heartbeat(redis: bench.redis, service: "gateway", name: "g-1") { ["version": "7"] }
            #expect(heartbeat.clock.now == nil)
            await heartbeat.beat()
            let instance = try #require(try await bench.pipeline.instances().first)
            #expect(instance.name == "g-1" && instance.service == "gateway" && instance.fields["version"] == "7")
            let (now, clock) = (try await bench.now(), try #require(heartbeat.clock.now))
            #expect(abs(Int64(now) - Int64(clock)) < 1000)
            #expect((1...5000).contains(try await bench.send("PTTL", Keys.service("g-1")).integer ?? 0))
            await heartbeat.end()
            #expect(try await bench.pipeline.instances().isEmpty)
        }
    }

    @Test func `a process that has been silent for five seconds counts as gone`() async throws {
        try await withBench { bench in
            let now = try await bench.now()
            try await bench.send("ZADD", Keys.services, String(now - 7000), "late", String(now - 70_000), "old", String(now - 2000), "alive")
            #expect(try await bench.pipeline.aliveNames() == ["alive"])
            await Heartbeat(redis: bench.redis, service: "router", name: "r") { [:] }.beat()
            #expect(try await bench.send("ZRANGE", Keys.services, "0", "-1").array?.compactMap(\.string) == ["late", "alive", "r"])
        }
    }

    // MARK: Agreements

    @Test func `all processes agree on the first proposal`() async throws {
        try await withBench { bench async throws in
            #expect(try await bench.pipeline.agree(on: "seed", "1") == "1")
            #expect(try await bench.pipeline.agree(on: "seed", "2") == "1")
        }
    }

    @Test func `another count of partitions is refused while orders, records or entries live`() async throws {
        let changed = PipelineSettings(partitions: 2)
        try await withBench { bench in
            try await bench.pipeline.agreeOnPartitions()
            try await bench.pipeline.agreeOnPartitions()
            let other = OrderPipeline(redis: bench.redis, settings: changed)
            let order = try await bench.place(Samples.order(key: "k", user: "u"))
            let mismatch = await #expect(throws: PartitionMismatch.self) { try await other.agreeOnPartitions() }
            #expect(mismatch?.agreed == "1/2")
            #expect(mismatch?.description.contains("start with PARTITIONS=1") == true)

            try await bench.send("DEL", bench.keys.accepted, bench.keys.events)
            try await bench.send("DEL", bench.keys.order(order.id))
            await #expect(throws: PartitionMismatch.self) { try await other.agreeOnPartitions() }
            try await bench.send("DEL", bench.keys.idempotency(IdempotencyScope(user: "u"), key: "k"))
            try await other.agreeOnPartitions()
            await #expect(throws: Never.self) { try await other.agreeOnPartitions() }
            #expect(try await bench.send("GET", Keys.agreement("partitions")).string == "2/2")
        }
    }

    // MARK: Attempt budget

    @Test func `executors share the attempts of a minute`() async throws {
        try await withBench { bench in
            let first = AttemptBudget(pipeline: bench.pipeline, perMinute: 5)
            let second = AttemptBudget(pipeline: bench.pipeline, perMinute: 5)
            #expect(await first.take(3).places.count == 3)
            let rest = await second.take(3)
            try #require(rest.places.count == 2)
            let none = await first.take(1)
            #expect(none.places.isEmpty)
            #expect(none.wait > .seconds(55) && none.wait <= .seconds(60))
            await second.giveBack([rest.places[0]])
            await second.giveBack([])
            #expect(await first.take(3).places.count == 1)
        }
    }

    @Test func `the minute slides`() async throws {
        try await withBench { bench in
            let now = try await bench.now()
            try await bench.send("ZADD", Keys.attempts[0], String(now - 61_000), "old", String(now - 59_000), "m1", String(now - 10_000), "m2")
            let budget = AttemptBudget(pipeline: bench.pipeline, perMinute: 3)
            #expect(await budget.take(5).places.count == 1)
            let none = await budget.take(1)
            #expect(none.places.isEmpty && none.wait <= .milliseconds(1000) && none.wait >= .milliseconds(1))
        }
    }
}
