import Configuration
import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Tests that nothing fails after the first write of a script, whatever Redis refuses.
@Suite(.onLoop) @ServiceActor
struct WritesTests {
    private nonisolated static let commands = [
        "hset", "xadd", "xack", "zadd", "zrem", "pexpire", "xdel", "set", "zremrangebyscore", "type", "hmget", "time",
    ]
    /// The value of a key that has an unexpected type.
    private nonisolated static let stray = "a stray value"

    /// Runs `body` with a pipeline of another user of the same database.
    private func withUser(_ bench: Bench, _ server: RedisServer, _ rules: [String], body: Operation.Act) async throws {
        _ = try await bench.redis.send(["ACL", "SETUSER", "other", "reset", "on", ">pw", "~*", "&*", "+@all"] + rules)
        let url = bench.url.replacing("redis://", with: "redis://other:pw@")
        let client = RedisClient(url: try #require(RedisURL(url)), name: "other")
        try await alongside({ await client.run() }, stop: { client.close() }) {
            try await client.connected(within: .seconds(20))
            try await body(OrderPipeline(redis: client, settings: bench.pipeline.settings))
        }
    }

    /// Runs `act`. If it fails, nothing may have changed. Returns whether it succeeded.
    private func expectAllOrNothing(
        _ bench: Bench, _ what: String, _ act: @ServiceActor () async throws -> Void
    ) async throws -> Bool {
        let before = try await bench.contents()
        do { try await act() } catch {
            let after = try await bench.contents()
            for key in Set(before.keys).union(after.keys) { #expect(before[key] == after[key], "\(what): \(key), after \(error)") }
            return false
        }
        return true
    }

    @Test(arguments: Operation.all.map(\.name))
    func `where the user may not run one of the commands, nothing is written at all`(name: String) async throws {
        let operation = try #require(Operation.all.first { $0.name == name })
        try await withRedis(appendonly: false) { server async throws in
            var refused = 0
            for command in Self.commands {
                try await withBench(on: server) { bench async throws in
                    try await bench.send("FLUSHALL")
                    try await bench.pipeline.createGroups(bench.keys)
                    let act = try await operation.prepare(bench)
                    try await withUser(bench, server, ["-" + command]) { pipeline in
                        if try await !expectAllOrNothing(bench, "\(name) without \(command)", { try await act(pipeline) }) { refused += 1 }
                    }
                }
            }
            #expect(refused > 0)
        }
    }

    @Test(arguments: Operation.all.map(\.name))
    func `where a key is of another type, nothing is written at all`(name: String) async throws {
        let operation = try #require(Operation.all.first { $0.name == name })
        // All keys that the operation finds or makes.
        var touched: [String] = []
        try await withBench { bench async throws in
            try await operation.prepare(bench)(bench.pipeline)
            touched = try await bench.contents().keys.sorted()
        }
        for key in touched {
            try await withBench { bench async throws in
                let act = try await operation.prepare(bench)
                // The ids of orders and transactions differ from those of the run before.
                let place = try await bench.contents().keys.first { $0.hasPrefix(key.prefix(20)) && key.count > 40 } ?? key
                _ = try await bench.send("SET", place, Self.stray)
                _ = try await expectAllOrNothing(bench, "\(name) with a stray \(place)") { try await act(bench.pipeline) }
                #expect(try await bench.send("GET", place).string == Self.stray)
            }
        }
    }

    @Test(arguments: Operation.all.map(\.name))
    func `where a stream has used up its ids, nothing is written at all`(name: String) async throws {
        let operation = try #require(Operation.all.first { $0.name == name })
        for stream in [Keys(partition: 0).accepted, Keys(partition: 0).routed, Keys(partition: 0).events, Keys(partition: 0).dead] {
            try await withBench { bench async throws in
                let act = try await operation.prepare(bench)
                let last = "18446744073709551615-18446744073709551615"
                try await bench.send("XADD", stream, last, "a", "b")
                try await bench.send("XDEL", stream, last)
                _ = try await expectAllOrNothing(bench, "\(name) with \(stream) used up") { try await act(bench.pipeline) }
            }
        }
    }

    @Test func `an order whose record may not be written is not accepted, beside one of the same call that needs no record`() async throws {
        try await withRedis(appendonly: false) { server async throws in
            try await withBench(on: server) { bench async throws in
                try await withUser(bench, server, ["-pexpire", "(+pexpire ~orders:{0}:o:*)"]) { pipeline in
                    let orders = [Samples.order(), Samples.order(key: "k")]
                    let accepting = orders.map { order in
                        Loop.spawn { () async throws in
                            try await pipeline.accept([NewOrder(order)], idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
                        }
                    }
                    guard case .accepted = try await accepting[0].value else { throw TestFailure("the order without a key is not accepted") }
                    let refusal = await #expect(throws: PipelineError.self) { try await accepting[1].value }
                    #expect(refusal?.code == .refused)
                    #expect(try await bench.send("EXISTS", bench.keys.order(orders[0].id)).integer == 1)
                    #expect(try await bench.send("EXISTS", bench.keys.order(orders[1].id)).integer == 0)
                }
            }
        }
    }

    @Test func `without the right to publish, one key is one order, which comes to its end, and each message that is missing is counted`()
        async throws
    {
        try await withRedis(appendonly: false) { server async throws in
            try await withBench(on: server) { bench async throws in
                let order = Samples.order(key: "k", user: "u")
                var omissions: [ScriptOmission] = []
                try await withUser(bench, server, ["resetchannels"]) { pipeline in
                    pipeline.onOmission = { omissions.append($0) }
                    func accept(_ order: Order) async throws -> AcceptOutcome {
                        try await pipeline.accept([NewOrder(order)], idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
                    }
                    guard case .accepted(order.id, let job) = try await accept(order) else { throw TestFailure("not accepted") }
                    for _ in 0..<2 {
                        let again = Samples.order(key: "k", user: "u")
                        #expect(try await accept(again) == .replay(order.id, job: job))
                    }
                    #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1)
                    let first = try await bench.take(.router)
                    guard case .work = try await pipeline.begin(first) else { throw TestFailure("not begun") }
                    #expect(try await pipeline.step(.routeDone([Samples.meteora]), first).isWritten)
                    #expect(try await pipeline.cancel(order.id) == .cancelled)
                }
                #expect(omissions.map(\.script) == ["accept_many", "begin_many", "advance_many", "cancel"])
                #expect(omissions.allSatisfy { $0.kind == .unpublished && $0.count == 2 && $0.reason.contains("channel") }, "\(omissions)")
                #expect(try await bench.events(order).map(\.seq) == [1, 2, 3, 4])
            }
        }
    }
}
