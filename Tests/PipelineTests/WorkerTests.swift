import Configuration
import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct WorkerTests {
    // MARK: Supply

    @Test func `many orders are moved on, no more at once than allowed`() async throws {
        try await withBench { bench in
            for _ in 0..<30 { _ = try await bench.place() }
            let handler = FakeHandler { entry in
                try? await sleep(for: .milliseconds(20))
                await bench.route(entry)
            }
            try await withWorker(bench, .of(.router, "w", concurrency: 4), handler) { _, _ in
                try await eventually { try await bench.routed() == 30 }
                #expect(handler.maxRunning == 4)
                #expect(handler.entries.count == 30)
                #expect(try await bench.pending(.router) == 0)
            }
        }
    }

    @Test func `an entry that cannot be read goes to the dead letters, its neighbours go on`() async throws {
        try await withBench { bench in
            try await bench.send("XADD", bench.keys.accepted, "*", "id", "no-uuid", "round", "1")
            try await bench.send("EVAL", "return redis.call('XADD', KEYS[1], '*', 'id', '\\255', 'round', 1)", "1", bench.keys.accepted)
            let order = try await bench.place()
            try await withWorker(bench, .of(.router, "w"), FakeHandler(bench.route)) { _, observer in
                try await eventually { try await bench.routed() == 1 }
                try await eventually { try await bench.deadLetters().count == 2 }
                #expect(try await bench.deadLetters().allSatisfy { $0["reason"] == "MALFORMED" && $0["stream"] == "accepted" })
                #expect(observer.buried == ["MALFORMED", "MALFORMED"])
                try await eventually { try await bench.pending(.router) == 0 }
                #expect(try await bench.state(order) == .routed)
            }
        }
    }

    @Test func `a field that a newer version has added is no reason to refuse an entry, a megabyte is`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            _ = try await bench.take(.router)
            let id = order.id.description
            try await bench.send("XADD", bench.keys.accepted, "*", "id", id, "round", "1", "newer", String(repeating: "x", count: 1_048_576))
            try await bench.send("XADD", bench.keys.accepted, "*", "id", id, "round", "1", "newer", "1")
            try await withWorker(bench, .of(.router, "w"), FakeHandler(bench.route)) { _, observer in
                try await eventually { try await bench.state(order) == .routed }
                #expect(observer.buried == ["MALFORMED"])
            }
        }
    }

    @Test func `a stream that is gone is made again, without a hot loop`() async throws {
        try await withBench { bench in
            try await withWorker(bench, .of(.router, "w"), FakeHandler(bench.route)) { _, observer in
                _ = try await bench.place()
                try await eventually { try await bench.routed() == 1 }
                try await bench.send("FLUSHDB")
                try await eventually { observer.created >= 1 }
                try await eventually { try await bench.send("XINFO", "GROUPS", bench.keys.accepted).array?.count == 1 }
                let order = try await bench.place()
                try await eventually { try await bench.state(order) == .routed }
                #expect((1...10).contains(observer.readFailures))
            }
        }
    }

    // MARK: Claims

    @Test func `what a consumer that died has left is taken over`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routing)
            try await withWorker(bench, .of(.router, "w"), FakeHandler(bench.route)) { _, observer in
                let start = MonotonicInstant.now
                try await eventually { try await bench.state(order) == .routed }
                #expect(start.elapsed < .seconds(5))
                #expect(observer.claimed == 1)
                #expect(try await bench.pipeline.step(.routeDone([Samples.raydium]), entry).dropped == .stale)
                #expect(try await bench.events(order).filter { $0.type == .routing }.count == 2)
            }
        }
    }

    @Test func `what is in hand is renewed, so that nobody takes it over`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            let gate = Promise<Void>()
            let slow = FakeHandler { entry in
                _ = try? await gate.value
                await bench.route(entry)
            }
            let other = FakeHandler(bench.route)
            // Long, so that the pauses of a busy machine between renewals stay below it.
            var (first, second) = (WorkerOptions.of(.router, "a"), WorkerOptions.of(.router, "b"))
            first.visibilityTimeout = .milliseconds(1800)
            second.visibilityTimeout = .milliseconds(1800)
            try await withWorker(bench, first, slow) { _, _ in
                try await eventually { slow.entries.count == 1 }
                try await withWorker(bench, second, other) { _, _ in
                    // Longer than the visibility time-out and a claim interval together.
                    try await sleep(for: .milliseconds(3200))
                    #expect(other.entries.isEmpty)
                    gate.succeed(())
                    try await eventually { try await bench.state(order) == .routed }
                }
            }
        }
    }

    @Test func `a frozen worker whose entry was taken over cannot write, and is told`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            let gate = Promise<Void>()
            var outcome: DropReason?
            let frozen = FakeHandler { entry in
                _ = try? await bench.pipeline.begin(entry)
                _ = try? await gate.value
                outcome = await Loop.spawn { try? await bench.pipeline.step(.routeDone([Samples.raydium]), entry).dropped }.value
            }
            var options = WorkerOptions.of(.router, "a", concurrency: 1)
            options.renewInterval = .seconds(60)
            try await withWorker(bench, options, frozen) { worker, observer in
                try await eventually { frozen.entries.count == 1 }
                let thief = try await bench.claim(try #require(frozen.entries.first), as: "b")
                gate.succeed(())
                try await eventually { outcome != nil }
                #expect(outcome == .fenced)
                try await bench.written(.routeDone([Samples.meteora]), thief)
                #expect(try await bench.events(order).last?.chosenDex == "meteora")
            }
        }
    }

    @Test func `after a reconnect nobody claims before the owners could renew`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routing)
            var options = WorkerOptions.of(.router, "w")
            options.visibilityTimeout = .seconds(60)
            try await withWorker(bench, options, FakeHandler(bench.route)) { worker, _ in
                try await sleep(for: .milliseconds(100))
                let start = MonotonicInstant.now
                worker.connectionRestored()
                try await bench.age(entry.entry, in: bench.keys.accepted, "router", of: "a", idle: 600_000)
                try await eventually { try await bench.state(order) == .routed }
                #expect(start.elapsed >= .milliseconds(1500))
            }
        }
    }

    @Test func `work on an entry that is over is cancelled, and the entry does not count as lost`() async throws {
        try await withBench { bench in
            _ = try await bench.place()
            let cancelled = Promise<Void>()
            let handler = FakeHandler { _ in
                try? await sleep(for: .seconds(60))
                if Task.isCancelled { cancelled.succeed(()) }
            }
            try await withWorker(bench, .of(.router, "a"), handler) { worker, observer in
                try await eventually { handler.entries.count == 1 }
                try await bench.send("XACK", bench.keys.accepted, "router", try #require(handler.entries.first).entry)
                try await cancelled.value(within: .seconds(10))
                try await eventually { worker.inHand == 0 }
                #expect(observer.lostCount == 0)
            }
        }
    }

    @Test func `a lost claim cancels the work`() async throws {
        try await withBench { bench in
            _ = try await bench.place()
            let cancelled = Promise<Void>()
            let handler = FakeHandler { _ in
                try? await sleep(for: .seconds(60))
                if Task.isCancelled { cancelled.succeed(()) }
            }
            try await withWorker(bench, .of(.router, "a"), handler) { worker, observer in
                try await eventually { handler.entries.count == 1 }
                _ = try await bench.claim(try #require(handler.entries.first), as: "b")
                try await cancelled.value(within: .seconds(10))
                #expect(observer.lostCount == 1)
                try await eventually { worker.inHand == 0 }
            }
        }
    }

    // MARK: Stop

    @Test func `a worker that stops hands back what it cannot finish, and another goes on at once`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            let handler = FakeHandler { entry in
                _ = try? await bench.pipeline.begin(entry)
                try? await sleep(for: .seconds(60))
            }
            try await withWorker(bench, .of(.router, "a"), handler) { worker, observer in
                try await eventually { try await bench.state(order) == .routing }
                await worker.stop(within: .milliseconds(50))
                #expect(observer.releasedCount == 1)
            }
            #expect(try await bench.field(order, "d") == "")
            var options = WorkerOptions.of(.router, "b")
            options.visibilityTimeout = .seconds(600)
            try await withWorker(bench, options, FakeHandler(bench.route)) { _, _ in
                try await eventually(within: .seconds(5)) { try await bench.state(order) == .routed }
            }
        }
    }

    @Test func `a worker that stops finishes within its grace and reads nothing new`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            let gate = Promise<Void>()
            let handler = FakeHandler { entry in
                _ = try? await gate.value
                await bench.route(entry)
            }
            try await withWorker(bench, .of(.router, "a"), handler) { worker, observer in
                try await eventually { handler.entries.count == 1 }
                let stopping = Loop.spawn { await worker.stop(within: .seconds(20)) }
                let name = "name=reader-\(try #require(RedisURL(bench.url)).database) "
                try await eventually { try await bench.send("CLIENT", "LIST").string?.contains(name) == false }
                let late = try await bench.place()
                gate.succeed(())
                await stopping.value
                #expect(try await bench.state(order) == .routed)
                #expect(try await bench.state(late) == .pending)
                #expect(observer.releasedCount == 0)
                #expect(try await bench.pending(.router) == 0)
            }
        }
    }

    // MARK: Redis away

    @Test func `a step goes through although Redis was started anew meanwhile`() async throws {
        try await withRedis { server in
            try await withBench(on: server) { bench in
                let order = try await bench.place()
                let killed = Promise<Void>()
                let handler = FakeHandler { entry in
                    _ = try? await bench.pipeline.begin(entry)
                    if !killed.isCompleted {
                        try? await server.kill()
                        killed.succeed(())
                    }
                    _ = try? await bench.pipeline.step(.routeDone([Samples.meteora]), entry)
                }
                try await withWorker(bench, .of(.router, "w"), handler) { worker, _ in
                    try await killed.value(within: .seconds(20))
                    try await server.restart()
                    try await bench.redis.connected(within: .seconds(20))
                    worker.connectionRestored()
                    try await eventually { try await bench.state(order) == .routed }
                    #expect(try await bench.events(order).map(\.seq) == [1, 2, 3])
                    #expect(handler.entries.count == 1, "the same delivery went on")
                    let second = try await bench.place()
                    try await eventually { try await bench.state(second) == .routed }
                }
            }
        }
    }

    // MARK: Budget

    @Test func `first attempts stay within the budget of a minute, later rounds need none`() async throws {
        try await withBench { bench in
            for _ in 0..<5 { _ = try await bench.reach(.routed).0 }
            // Puts the entries back as new: the group forgets what it was given.
            try await bench.send("XGROUP", "DESTROY", bench.keys.routed, "executor")
            try await bench.pipeline.createGroups(bench.keys)
            let handler = FakeHandler { entry in
                _ = try? await bench.pipeline.begin(entry)
                _ = try? await bench.pipeline.step(Samples.failure(.network, delay: 60_000), entry)
            }
            let budget = AttemptBudget(pipeline: bench.pipeline, perMinute: 3)
            try await withWorker(bench, .of(.executor, "w"), handler, budget) { _, _ in
                try await eventually { handler.entries.count == 3 }
                try await sleep(for: .milliseconds(300))
                #expect(handler.entries.count == 3)
                #expect(try await bench.send("ZCARD", Keys.attempts[0]).integer == 3)
                try await bench.send("DEL", Keys.attempts[0])
                try await eventually { handler.entries.count == 5 }
                try await eventually { try await bench.send("ZCARD", Keys.attempts[0]).integer == 2 }

                for member in try await bench.send("ZRANGE", bench.keys.retries, "0", "-1").array?.compactMap(\.string) ?? [] {
                    try await bench.send("ZADD", bench.keys.retries, "1", member)
                }
                #expect(try await bench.pipeline.promote(bench.keys) == 5)
                try await eventually { handler.entries.count == 10 }
                try await eventually { try await bench.send("ZCARD", Keys.attempts[0]).integer == 2 }
            }
        }
    }

    @Test func `with the budget used up retries go past first attempts that wait, and are worked off once`() async throws {
        try await withBench { bench in
            let (retry, _) = try await bench.reach(.waiting)
            for _ in 0..<5 { try await bench.written(.routeDone([Samples.meteora]), try await bench.reach(.routing).1) }
            #expect(try await bench.pipeline.promote(bench.keys) == 1)
            let gate = Promise<Void>()
            let handler = FakeHandler { entry in
                if entry.orderID == retry.id { _ = try? await gate.value }
                _ = try? await bench.pipeline.begin(entry)
                _ = try? await bench.pipeline.step(Samples.failure(.network, delay: 60_000), entry)
            }
            let now = String(try await bench.now())
            for place in 0..<5 { try await bench.send("ZADD", Keys.attempts[0], now, "taken-\(place)") }
            let budget = AttemptBudget(pipeline: bench.pipeline, perMinute: 5)
            try await withWorker(bench, .of(.executor, "w"), handler, budget) { _, _ in
                try await eventually { handler.entries.map(\.orderID) == [retry.id] }
                try await sleep(for: .milliseconds(1200))
                #expect(handler.entries.count == 1, "first attempts have no place")
                // The group comes to the retry's entry while a worker has that entry in hand.
                for count in [6, 6] {
                    try await bench.send("DEL", Keys.attempts[0])
                    try await eventually { handler.entries.count == count }
                    try await sleep(for: .milliseconds(1200))
                }
                #expect(handler.entries.count == 6)
                gate.succeed(())
                try await eventually { try await bench.pending(.executor) == 0 }
                #expect(try await bench.send("ZCARD", bench.keys.retries).integer == 6)
                #expect(try await bench.place(of: retry)?.attempt == 3)
            }
        }
    }

    @Test func `while a process of a version that does not know of it runs, nothing is taken past what waits`() async throws {
        try await withBench { bench in
            let budget = AttemptBudget(pipeline: bench.pipeline, perMinute: 5)
            await Heartbeat(redis: bench.redis, service: "gateway", name: "g") { [:] }.beat()
            await Heartbeat(redis: bench.redis, service: "notifier", name: "n") { ["partitions": "1"] }.beat()
            #expect(await budget.mayOvertake())
            await Heartbeat(redis: bench.redis, service: "router", name: "r") { [:] }.beat()
            #expect(await budget.mayOvertake(), "it is asked every five seconds")
            #expect(await !AttemptBudget(pipeline: bench.pipeline, perMinute: 5).mayOvertake())
        }
    }
}
