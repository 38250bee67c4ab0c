import EventLoop
import JSON
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct LagTests {
    private func group(_ bench: Bench) async throws -> StreamLag.Group {
        let streams = try await bench.pipeline.lag().streams
        return try #require(streams.first { $0.stream == "accepted" }?.groups.first)
    }

    private func redisLag(_ bench: Bench) async throws -> Int64? {
        let row = try await bench.send("XINFO", "GROUPS", bench.keys.accepted).array?[0].array ?? []
        return row.last?.integer
    }

    private func add(_ count: Int, _ bench: Bench) async throws {
        for index in 0..<count { try await bench.send("XADD", bench.keys.accepted, "*", "n", String(index)) }
    }

    private func read(_ count: Int, _ bench: Bench, acknowledge: Bool = true) async throws {
        let reply = try await bench.send("XREADGROUP", "GROUP", "router", "a", "COUNT", String(count), "STREAMS", bench.keys.accepted, ">")
        let entries = StreamEntry.list(readGroup: reply).map(\.id)
        if acknowledge { _ = try await bench.redis.send(["XACK", bench.keys.accepted, "router"] + entries) }
    }

    @Test func `lag and pending are told with the ages of the oldest`() async throws {
        try await withBench { bench in
            try await bench.send("XADD", bench.keys.accepted, "\(try await bench.now() - 5000)-0", "n", "0")
            try await bench.send("XADD", bench.keys.accepted, "\(try await bench.now() - 3000)-0", "n", "1")
            try await add(3, bench)
            try await read(1, bench, acknowledge: false)
            let group = try await group(bench)
            #expect(group.lag == 4 && group.lagKnown && group.pending == 1 && group.entriesRead == 1)
            #expect((5000...6500).contains(group.oldestPendingMs))
            #expect((3000...4500).contains(group.oldestWaitingMs))
            let whole = try await bench.pipeline.lag()
            #expect(whole.backlog == 4 && whole.oldestWaitingMs >= 3000)
        }
    }

    @Test func `a stream that does not exist has no lag`() async throws {
        try await withBench { bench in
            try await bench.send("DEL", bench.keys.accepted, bench.keys.routed, bench.keys.events)
            let lag = try await bench.pipeline.lag()
            #expect(lag.streams.map(\.length) == [0, 0, 0])
            #expect(lag.backlog == 0)
            try await bench.pipeline.recount(bench.keys)
        }
    }

    @Test func `where Redis does not know the lag it is counted, and a recount makes it known`() async throws {
        try await withBench { bench in
            try await add(1200, bench)
            try await read(50, bench)
            let last = try #require(try await bench.send("XINFO", "GROUPS", bench.keys.accepted).array?[0].array?[7].string)
            try await bench.send("XGROUP", "SETID", bench.keys.accepted, "router", last)
            #expect(try await redisLag(bench) == nil)
            #expect(try await group(bench).lag == 1150)
            #expect(try await !group(bench).lagKnown)
            try await bench.pipeline.recount(bench.keys)
            #expect(try await redisLag(bench) == 1150)
            #expect(try await group(bench).lagKnown)
        }
    }

    @Test func `after a restart from a rewritten file the lag is wrong, and a recount repairs it for good`() async throws {
        try await withServer { server in
            try await withBench(on: server) { bench in
                try await add(30, bench)
                try await read(20, bench)
                try await bench.send("BGREWRITEAOF")
                try await eventually {
                    let info = try await bench.send("INFO", "persistence").string ?? ""
                    return info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
                }
                try await read(10, bench)
                try await server.kill()
                try await server.restart()
                try await bench.redis.connected(within: .seconds(20))
                #expect(try await redisLag(bench) == 10, "else Redis has learnt it, and nobody needs a recount any more")
                try await bench.pipeline.recount(bench.keys)
                #expect(try await redisLag(bench) == 0)
                try await add(3, bench)
                #expect(try await redisLag(bench) == 3)
                try await read(2, bench)
                #expect(try await redisLag(bench) == 1)
            }
        }
    }

    @Test func `samples tell rates, consumers, retries and dead letters`() async throws {
        try await withBench { bench in
            let heartbeat = Heartbeat(redis: bench.redis, service: "router", name: "r-1") { ["version": "1"] }
            await heartbeat.beat()
            _ = try await bench.reach(.requote)
            try await bench.send("XADD", bench.keys.dead, "*", "reason", "MALFORMED")
            let sampler = LagSampler(pipeline: bench.pipeline)
            #expect(try await sampler.sample().streams[0].groups[0].deliveredPerSecond == 0)
            try await add(5, bench)
            try await read(4, bench)
            let sample = try await sampler.sample()
            let group = sample.streams[0].groups[0]
            #expect(group.deliveredPerSecond > 0 && group.consumers == 1)
            #expect(sample.retriesWaiting == 1 && sample.retriesDue == 1 && sample.deadLetters == 1)
            #expect(sampler.latest?.backlog == 1)
            let json = try JSONValue.parse(sample.json)
            let shown = try #require(json["streams"]?.array?[0]["groups"]?.array?[0])
            #expect(shown["lag"]?.integer == 1 && shown["lagKnown"]?.bool == true && shown["consumers"]?.integer == 1)
            #expect(json["streams"]?.array?[0]["key"]?.string == bench.keys.accepted)
            #expect(json["retries"]?["due"]?.integer == 1 && json["deadLetters"]?.integer == 1)
        }
    }
}
