import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct AcceptTests {
    @Test func `an accepted order has hash, event, entry, deadline and a place in its user's list`() async throws {
        try await withBench { bench in
            let order = Samples.order(key: "k", user: "u", deadline: 9_000_000_000_000)
            guard case .accepted(let id, let job) = try await bench.accept(order) else { throw TestFailure("not accepted") }
            #expect(id == order.id)
            #expect(try await bench.entry(order) == "accepted:\(job)")
            #expect(try await bench.field(order, "f") == "\(job) \(order.fingerprint)")
            let event = try #require(try await bench.events(order).first)
            #expect(event.type == .pending && event.seq == 1 && event.progress == 0 && event.attempt == 1)
            #expect(event.message == EventMessage.pending)
            #expect(event.clientOrderId == "k")
            #expect(try await bench.send("XLEN", bench.keys.events).integer == 1)
            #expect(try await bench.send("ZSCORE", bench.keys.deadlines, id.description).integer == 9_000_000_000_000)
            #expect(try await bench.send("ZSCORE", bench.keys.user("u"), id.description).integer == 1_768_030_217_789)
            let entry = try await bench.take(.router)
            #expect(entry.orderID == id && entry.round == 1 && entry.entry == job)
        }
    }

    @Test func `the stamp of an event is the time of Redis`() async throws {
        try await withBench { bench in
            let before = try await bench.now()
            let order = try await bench.place()
            let stamp = try #require(try await bench.events(order).first.flatMap { Timestamp.parse($0.timestamp) })
            #expect((Int64(before)...Int64(try await bench.now())).contains(stamp))
        }
    }

    @Test func `an order sent again after a lost reply is a replay, even past the limit`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            let before = try await bench.everything(order)
            guard case .replay(order.id, job: _) = try await bench.accept(order, before: 1) else { throw TestFailure("no replay") }
            #expect(try await bench.everything(order) == before)
        }
    }

    @Test func `an id that another order has is a collision`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            let before = try await bench.everything(order)
            #expect(try await bench.accept(Samples.order(order.id, fingerprint: "g")) == .collision)
            #expect(try await bench.everything(order) == before)
        }
    }

    @Test func `the same key with the same order gives the first id again, with another order a conflict`() async throws {
        try await withBench { bench in
            let first = try await bench.place(Samples.order(key: "k", user: "u"))
            guard case .replay(first.id, job: _) = try await bench.accept(Samples.order(key: "k", user: "u")) else { throw TestFailure("no replay") }
            #expect(try await bench.accept(Samples.order(key: "k", user: "u", fingerprint: "g")) == .conflict(first.id))
            guard case .accepted = try await bench.accept(Samples.order(key: "k", user: "v")) else { throw TestFailure("keys belong to users") }
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 2)
            let life = Int(try await bench.send("PTTL", bench.keys.idempotency(IdempotencyScope(user: "u"), key: "k")).integer ?? 0)
            #expect((50_000...60_000).contains(life))
        }
    }

    @Test func `a record outlives its order`() async throws {
        try await withBench { bench in
            let first = try await bench.place(Samples.order(key: "k"))
            try await bench.send("DEL", bench.keys.order(first.id))
            guard case .replay(first.id, job: _) = try await bench.accept(Samples.order(key: "k")) else { throw TestFailure("no replay") }
        }
    }

    @Test func `of many requests with one key at once, one is accepted and all get its id`() async throws {
        try await withBench { bench in
            let outcomes = try await withThrowingTaskGroup(of: AcceptOutcome.self) { group in
                for _ in 0..<20 { group.addTask { try await bench.accept(Samples.order(key: "k")) } }
                var outcomes: [AcceptOutcome] = []
                for try await outcome in group { outcomes.append(outcome) }
                return outcomes
            }
            let accepted = outcomes.compactMap { if case .accepted(let id, _) = $0 { id } else { nil } }
            let replayed = outcomes.compactMap { if case .replay(let id, _) = $0 { id } else { nil } }
            try #require(accepted.count == 1)
            #expect(replayed == Array(repeating: accepted[0], count: 19))
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1)
        }
    }

    @Test func `past its time limit nothing is accepted`() async throws {
        try await withBench { bench in
            let order = Samples.order(key: "k", user: "u", deadline: 9_000_000_000_000)
            let past = try await bench.now() - 1
            #expect(try await bench.accept(order, before: past) == .late)
            #expect(try await bench.send("KEYS", "*\(order.id)*").array == [])
            let names = [bench.keys.idempotency(IdempotencyScope(user: "u"), key: "k"), bench.keys.deadlines, bench.keys.user("u")]
            #expect(try await bench.redis.send(["EXISTS"] + names).integer == 0)
        }
    }

    @Test func `a key leads to one partition, always`() async throws {
        try await withBench(PipelineSettings(partitions: 7)) { bench in
            let partitions = (0..<50).map { bench.pipeline.partition(IdempotencyScope(user: "u"), idempotencyKey: "k\($0)") }
            #expect(partitions == (0..<50).map { bench.pipeline.partition(IdempotencyScope(user: "u"), idempotencyKey: "k\($0)") })
            #expect(Set(partitions) == Set(0..<7))
            let order = Samples.order(Samples.id(partition: 5))
            try await bench.accept(order)
            #expect(try await bench.send("XLEN", bench.pipeline.partitions[5].accepted).integer == 1)
            await #expect(throws: PipelineError.self) { try await bench.accept(Samples.order(Samples.id(partition: 7))) }
        }
    }
}

@Suite(.onLoop) @ServiceActor
struct FullMemoryTests {
    @Test func `a full Redis refuses orders and lets those inside come to their end`() async throws {
        try await withRedis(["--maxmemory-policy", "noeviction"], appendonly: false) { server in
            try await withBench(on: server) { bench in
                let (order, first) = try await bench.reach(.routing)
                try await bench.send("CONFIG", "SET", "maxmemory", "1")
                let error = await #expect(throws: PipelineError.self) { try await bench.accept(Samples.order()) }
                #expect(error?.code == .full)
                #expect(error?.outcomeUnknown == false)

                try await bench.written(Samples.failure(.venueUnavailable, stage: .router), first)
                #expect(try await bench.pipeline.promote(bench.keys) == 1)
                let again = try await bench.take(.router)
                try await bench.begin(again)
                try await bench.written(.routeDone([Samples.meteora]), again)
                let entry = try await bench.take(.executor)
                try await bench.begin(entry)
                try await bench.written(Samples.submit(order, attempt: 2), entry)
                try await bench.written(.confirm(Samples.fill), entry)
                try await bench.storeEvents()
                #expect(try await bench.state(order) == .confirmed)
                #expect(try await bench.timeToLive(order) > 0)
                let heartbeat = Heartbeat(redis: bench.redis, service: "router", name: "r") { [:] }
                await heartbeat.beat()
                #expect(try await bench.pipeline.aliveNames() == ["r"])
                // A process that starts now has to get as far as the orders inside.
                #expect(try await bench.pipeline.agree(on: "seed", "1") == "1")
                #expect(try await bench.pipeline.agree(on: "seed", "2") == "1")
                #expect(try await bench.pipeline.createGroups(bench.keys) == false)
            }
        }
    }
}
