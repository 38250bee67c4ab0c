import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Tests that this version takes over from the one before it only when nothing of that is left to do.
@Suite(.onLoop) @ServiceActor
struct LayoutAgreementTests {
    /// Why this version cannot take over now; nil if it has.
    private func obstacle(_ bench: Bench) async -> String? {
        do {
            try await bench.pipeline.agreeOnPartitions()
            return nil
        } catch {
            return (error as? LayoutMismatch)?.obstacle ?? "\(error)"
        }
    }

    private func agreed(_ bench: Bench) async throws -> String? { try await bench.send("GET", Keys.agreement("partitions")).string }

    /// Beats as a process with these fields while `body` runs.
    private func beating(_ bench: Bench, _ fields: [String: String], _ body: @ServiceActor () async throws -> Void) async throws {
        let heart = Heartbeat(redis: bench.redis, service: "router", name: "router-1") { fields }
        try await alongside({ await heart.run() }) {
            try await eventually { try await bench.pipeline.aliveNames() == ["router-1"] }
            try await body()
        }
        await heart.end()
    }

    @Test func `an empty Redis is taken over at once, and again by every other process`() async throws {
        try await withBench { bench in
            try await beating(bench, bench.pipeline.agreementFields) { for _ in 0..<2 { #expect(await obstacle(bench) == nil) } }
            #expect(try await agreed(bench) == "1/2")
        }
    }

    @Test func `while anything of the version before is left to do, it is not taken over`() async throws {
        try await withBench { bench in
            try await bench.send("SET", Keys.agreement("partitions"), "1")
            let id = Samples.id()
            let old = "orders:{0}:order:\(id)"
            let entry = try #require(try await bench.send("XADD", bench.keys.accepted, "*", "id", id.description, "round", "1").string)
            #expect(await obstacle(bench) == "not all entries of \(bench.keys.accepted) are finished")
            try await bench.send("XREADGROUP", "GROUP", "router", "r", "STREAMS", bench.keys.accepted, ">")
            #expect(await obstacle(bench) == "not all entries of \(bench.keys.accepted) are finished")
            try await bench.send("XACK", bench.keys.accepted, "router", entry)
            try await bench.send("ZADD", bench.keys.retries, "1", "routed:\(id):2")
            #expect(await obstacle(bench) == "1 retries wait")
            try await bench.send("DEL", bench.keys.retries)
            try await bench.send("XADD", bench.keys.dead, "*", "reason", "POISONED")
            #expect(await obstacle(bench) == "1 dead letters are not settled")
            try await bench.send("DEL", bench.keys.dead)
            try await bench.send("HSET", old, "state", "submitted")
            #expect(await obstacle(bench) == "order \(id) is under way")
            #expect(try await agreed(bench) == "1")
            try await bench.send("HSET", old, "state", "confirmed")
            #expect(await obstacle(bench) == nil)
            #expect(try await agreed(bench) == "1/2")
            let kept = try await bench.send("HGET", old, "state").string
            #expect(kept == "confirmed")
        }
    }

    @Test func `after a restart of Redis, whose counts are wrong then, what is finished counts as finished`() async throws {
        try await withRedis(appendonly: true) { server in
            try await withBench(on: server) { bench in
                for _ in 0..<3 {
                    let (_, entry) = try await bench.reach(.submitted)
                    try await bench.written(.confirm(Samples.fill), entry)
                }
                #expect(await obstacle(bench) == "not all entries of \(bench.keys.events) are finished")
                try await bench.storeEvents()
                try await server.kill()
                try await server.restart()
                try await bench.redis.connected(within: .seconds(20))
                #expect(await obstacle(bench) == nil)
            }
        }
    }

    @Test func `while a process of the version before is alive, it is not taken over`() async throws {
        try await withBench { bench in
            try await bench.send("SET", Keys.agreement("partitions"), "1")
            try await beating(bench, ["partitions": "1"]) {
                #expect(await obstacle(bench) == "router-1 is still running with the other version")
                let found = try await agreed(bench)
                #expect(found == "1")
            }
            #expect(await obstacle(bench) == nil)
        }
    }

    @Test func `an idempotency key goes on over the upgrade, and a process of a later version keeps this one out`() async throws {
        try await withBench { bench in
            let old = Samples.id()
            let record = bench.keys.idempotency(IdempotencyScope(user: nil), key: "k")
            let order = Samples.order(key: "k")
            try await bench.send("HSET", record, "orderId", old.description, "jobId", "1-0", "fingerprint", order.fingerprint)
            #expect(await obstacle(bench) == nil)
            #expect(try await bench.accept(order) == .replay(old, job: "1-0"))
            try await bench.send("SET", Keys.agreement("partitions"), "1/3")
            #expect(await obstacle(bench) == "a later version is in use here")
        }
    }

    @Test func `what is left to do in a partition that only the version before had keeps this version out`() async throws {
        try await withBench { bench in
            try await bench.send("SET", Keys.agreement("partitions"), "4")
            let last = Keys(partition: 2)
            try await bench.send("XADD", last.events, "*", "id", Samples.id().description)
            #expect(await obstacle(bench) == "not all entries of \(last.events) are finished")
            #expect(try await agreed(bench) == "4")
            try await bench.send("DEL", last.events)
            try await bench.send("HSET", "orders:{2}:order:\(Samples.id())", "state", "confirmed")
            #expect(await obstacle(bench)?.contains("start with PARTITIONS=4") == true)
            #expect(try await agreed(bench) == "4")
        }
    }

    /// That version compares the agreement, and every heartbeat's `partitions`, with its own count.
    @Test func `to the version before this one has another count, in its agreement and in its heartbeats`() async throws {
        try await withBench { bench in
            #expect(await obstacle(bench) == nil)
            let told = try #require(bench.pipeline.agreementFields["partitions"])
            #expect(try await agreed(bench) == told)
            #expect(Int(told) == nil)
        }
    }
}
