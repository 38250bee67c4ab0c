import Configuration
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

    @Test func `queues are told with what waits, what is in hand and what was taken`() async throws {
        try await withBench { bench in
            try await add(5, bench)
            try await read(2, bench)
            try await read(1, bench, acknowledge: false)
            try await bench.send("XADD", bench.keys.routed, "*", "n", "0")
            let queues = try await bench.pipeline.queues()
            #expect(queues.router == StageQueue(waiting: 2, inHand: 1, taken: 3))
            #expect(queues.executor == StageQueue(waiting: 1, inHand: 0, taken: 0))
        }
    }

    @Test func `executors that ORDERS_PER_MINUTE holds back have no queue to judge`() async throws {
        try await withBench { bench in
            _ = await AttemptBudget(pipeline: bench.pipeline, perMinute: 1).take(1)
            let queues = try await bench.pipeline.queues()
            #expect(queues.executor == nil && queues.router == StageQueue(waiting: 0, inHand: 0, taken: 0))
        }
    }

    @Test func `of a group that Redis has lost count of, and of a stream that is gone, nothing is told`() async throws {
        try await withBench { bench in
            try await add(5, bench)
            try await read(2, bench)
            try await forget(bench)
            try await bench.send("DEL", bench.keys.routed)
            #expect(try await bench.pipeline.queues() == StageQueues(router: nil, executor: nil))
        }
    }

    @Test func `a stream that does not exist has no lag`() async throws {
        try await withBench { bench in
            try await bench.send("DEL", bench.keys.accepted, bench.keys.routed, bench.keys.events)
            let lag = try await bench.pipeline.lag()
            #expect(lag.streams.map(\.length) == [0, 0, 0])
            #expect(lag.backlog == 0)
            #expect(try await bench.pipeline.recount(as: "a") == 3)
        }
    }

    /// Makes Redis forget how many entries the group has read.
    private func forget(_ bench: Bench) async throws {
        let last = try #require(try await bench.send("XINFO", "GROUPS", bench.keys.accepted).array?[0].array?[7].string)
        try await bench.send("XGROUP", "SETID", bench.keys.accepted, "router", last)
        #expect(try await redisLag(bench) == nil)
    }

    @Test func `where Redis does not know the lag it is counted up to a bound, beyond which it is the least that waits`() async throws {
        try await withBench { bench in
            try await add(599, bench)
            try await read(400, bench)
            try await forget(bench)
            #expect(try await group(bench).lag == 199)
            #expect(try await group(bench).lagKnown)
            try await add(401, bench)
            let lag = try await bench.pipeline.lag()
            let group = try #require(lag.streams.first?.groups.first)
            #expect(group.lag == 200 && !group.lagKnown)
            #expect(lag.backlog == 200 && lag.maxBacklog == 1000)
            #expect(try JSONValue.parse(lag.json)["streams"]?.array?[0]["groups"]?.array?[0]["lagKnown"]?.bool == false)
        }
    }

    @Test func `an entry that was deleted before it was read hides the lag, but not how much it is about`() async throws {
        try await withBench { bench in
            try await add(2000, bench)
            try await read(100, bench)
            let middle = try #require(try await bench.send("XRANGE", bench.keys.accepted, "-", "+", "COUNT", "1500").array?.last?.array?[0].string)
            try await bench.send("XDEL", bench.keys.accepted, middle)
            #expect(try await redisLag(bench) == nil)
            let lag = try await bench.pipeline.lag()
            #expect(lag.backlog == 200 && lag.maxBacklog == 1900)
            #expect(try await bench.pipeline.recount(as: "a") == 3, "the first one counts whatever Redis says")
            #expect(try await bench.pipeline.recount(as: "a") == 0, "counting does not help until the group is past it")
        }
    }

    // MARK: Recount

    @Test func `a recount makes the lag known, once after a start of Redis and whenever Redis has lost it`() async throws {
        try await withBench { bench in
            try await add(1200, bench)
            try await read(50, bench)
            try await forget(bench)
            #expect(try await bench.pipeline.recount(as: "a") == 3)
            #expect(try await redisLag(bench) == 1150)
            #expect(try await group(bench).lagKnown)
            #expect(try await bench.pipeline.recount(as: "b") == 0)
            try await forget(bench)
            #expect(try await bench.pipeline.recount(as: "b") == 1)
            #expect(try await redisLag(bench) == 1150)
            try await bench.send("SET", Keys.recount[1], "another run")
            #expect(try await bench.pipeline.recount(as: "b") == 3)
        }
    }

    @Test func `a recount is due once a server has been the replica of another, though it was never restarted`() async throws {
        try await withRedis { server in
            try await withBench(on: server) { bench in
                #expect(try await bench.pipeline.recount(as: "a") == 3)
                try await withRedis(["--replicaof", "127.0.0.1", String(server.port)]) { other in
                    try await eventually { try await bench.send("INFO", "replication").string?.contains("state=online") == true }
                    let reader = RedisReader(url: try #require(RedisURL(other.url)), name: "test")
                    defer { reader.close() }
                    try await eventually { try await reader.send(["EXISTS", Keys.recount[1]], timeout: .seconds(5)).integer == 1 }
                    _ = try await reader.send(["REPLICAOF", "NO", "ONE"], timeout: .seconds(5))
                    try await bench.send("REPLICAOF", "127.0.0.1", String(other.port))
                    try await eventually { try await bench.send("INFO", "replication").string?.contains("master_link_status:up") == true }
                    try await bench.send("REPLICAOF", "NO", "ONE")
                    #expect(try await bench.pipeline.recount(as: "b") == 3)
                    #expect(try await bench.pipeline.recount(as: "b") == 0)
                }
            }
        }
    }

    @Test func `one process counts at a time, and another goes on where it has died`() async throws {
        try await withBench { bench in
            try await bench.send("SET", Keys.recount[0], "dead", "PX", "60000")
            #expect(try await bench.pipeline.recount(as: "a") == nil)
            try await bench.send("PEXPIRE", Keys.recount[0], "1")
            try await eventually { try await bench.pipeline.recount(as: "a") == 3 }
            #expect(try await bench.send("EXISTS", Keys.recount[0]).integer == 0)
        }
    }

    private func page(_ bench: Bench, _ position: [String] = ["+", "0", ""]) async throws -> [String] {
        let reply = try await bench.pipeline.run(Scripts.recount, keys: [bench.keys.accepted], ["router", "500"] + position)
        return (reply.array ?? []).compactMap(\.string)
    }

    @Test func `no script of a recount looks at more than a page, and what happens between the pages does not spoil it`() async throws {
        try await withBench { bench in
            try await add(1300, bench)
            try await read(50, bench)
            let first = try await page(bench)
            #expect(first.first == "more" && first[2] == "500")
            try await read(100, bench)
            try await add(70, bench)
            let second = try await page(bench, Array(first.dropFirst()))
            #expect(second.first == "more" && second[2] == "1000")
            try await add(5, bench)
            #expect(try await page(bench, Array(second.dropFirst())) == ["done"])
            #expect(try await redisLag(bench) == 1225)
            try await read(25, bench)
            #expect(try await redisLag(bench) == 1200)
        }
    }

    @Test func `a group that comes to what was counted is counted again`() async throws {
        try await withBench { bench in
            try await add(1300, bench)
            let first = try await page(bench)
            try await read(900, bench)
            #expect(try await page(bench, Array(first.dropFirst())) == ["again"])
            try await forget(bench)
            #expect(try await bench.pipeline.recount(as: "a") == 3)
            #expect(try await redisLag(bench) == 400)
        }
    }

    @Test func `after a restart from a rewritten file the lag is wrong, and a recount repairs it for good`() async throws {
        try await withRedis { server in
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
                #expect(try await bench.pipeline.recount(as: "a") == 3)
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
