import Configuration
import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// What must survive the loss of the master waits for a replica.
@Suite(.onLoop) @ServiceActor
struct ReplicaBarrierTests {
    /// Runs `body` with a pipeline that needs so many replicas, and the one that there is. The replica has much time.
    private func withReplica(
        needing count: Int = 1, limit: Duration = .seconds(1), _ body: @ServiceActor (Bench, RedisServer) async throws -> Void
    ) async throws {
        try await withRedis { master in
            try await withRedis(["--replicaof", "127.0.0.1", String(master.port)]) { replica in
                let client = RedisClient(url: try #require(RedisURL(master.url)), name: "barrier")
                let barrier = ReplicaBarrier(redis: client, settings: ReplicaSettings(count: count, limit: limit))
                try await alongside({ await barrier.run() }, stop: { client.close() }) {
                    try await client.connected(within: .seconds(20))
                    let bench = try Bench(url: master.url, settings: PipelineSettings(patience: .zero), barrier: barrier)
                    try await alongside({ await bench.redis.run() }, stop: { bench.redis.close() }) {
                        try await bench.redis.connected(within: .seconds(20))
                        try await bench.pipeline.createGroups(bench.keys)
                        try await eventually { try await bench.send("WAIT", "1", "1000").integer == 1 }
                        try await body(bench, replica)
                    }
                }
            }
        }
    }

    private func place(_ order: Order, at replica: RedisServer) async throws -> OrderState? {
        let reader = RedisReader(url: try #require(RedisURL(replica.url)), name: "test")
        defer { reader.close() }
        let place = try await reader.send(["HGET", Keys(partition: 0).order(order.id), "s"], timeout: .seconds(5)).string
        return place.flatMap { OrderPlace($0)?.state }
    }

    private func shortage(_ body: @ServiceActor () async throws -> Void) async -> PipelineError? {
        do { try await body() } catch { return error as? PipelineError }
        return nil
    }

    /// Lets the replica go on, and waits until the barrier has noticed it by itself.
    private func thaw(_ replica: RedisServer, _ bench: Bench) async throws {
        replica.thaw()
        try await eventually { bench.pipeline.barrier?.trouble == nil }
    }

    @Test(arguments: [nil, "k"]) func `an order that is accepted is at the replica, with its key or without`(key: String?) async throws {
        try await withReplica { bench, replica in
            let order = try await bench.place(Samples.order(key: key))
            #expect(try await place(order, at: replica) == .pending)
            #expect(bench.pipeline.barrier?.trouble == nil)
        }
    }

    @Test func `while the replica stands still nothing is answered, one order is written at most, and it is found again`() async throws {
        try await withReplica { bench, replica in
            replica.freeze()
            let (order, other) = (Samples.order(key: "k"), Samples.order())
            let first = await shortage { try await bench.accept(order) }
            #expect(first?.code == .notReady && first?.outcomeUnknown == true && first?.message.contains("0 of 1 replicas") == true)
            #expect(bench.pipeline.barrier?.trouble?.contains("REDIS_REPLICAS") == true)
            // The barrier is known to be closed now: nothing more is written.
            let second = await shortage { try await bench.accept(other) }
            #expect(second?.code == .notReady && second?.outcomeUnknown == false)
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1)
            let scope = order.idempotencyScope
            #expect(await shortage { _ = try await bench.pipeline.record(scope, key: "k", timeout: .seconds(5)) }?.outcomeUnknown == true)
            #expect(try await bench.pipeline.record(scope, key: "none", timeout: .seconds(5)) == nil)
            #expect(await shortage { _ = try await bench.pipeline.survivingSnapshot(order.id) }?.outcomeUnknown == true)
            try await thaw(replica, bench)
            #expect(try await bench.pipeline.survivingSnapshot(order.id)?.order == order)
            #expect(try await bench.pipeline.record(scope, key: "k", timeout: .seconds(5))?.id == order.id)
            let again = try await bench.accept(order)
            guard case .replay(order.id, _) = again else { throw TestFailure("\(again) instead of the order that was written") }
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1)
        }
    }

    @Test func `a submitted order passes only once the replica knows it, however it came to be submitted`() async throws {
        try await withReplica { bench, replica in
            let (order, entry) = try await bench.reach(.building)
            replica.freeze()
            _ = try await bench.pipeline.step(Samples.submit(order), entry)
            for _ in 0..<2 {
                let error = await shortage { _ = try await bench.pipeline.awaitReplicas(of: order.id, in: .submitted, round: 1) }
                #expect(error?.code == .notReady && error?.outcomeUnknown == true)
            }
            try await thaw(replica, bench)
            #expect(try await bench.pipeline.awaitReplicas(of: order.id, in: .submitted, round: 1))
            #expect(try await place(order, at: replica) == .submitted)
            // What the master has lost does not pass.
            #expect(try await !bench.pipeline.awaitReplicas(of: order.id, in: .submitted, round: 2))
            try await bench.send("DEL", bench.keys.order(order.id))
            #expect(try await !bench.pipeline.awaitReplicas(of: order.id, in: .submitted, round: 1))
        }
    }

    @Test func `a wait that is given up before it was begun says nothing about what was written`() async throws {
        try await withReplica(limit: .seconds(2)) { bench, replica in
            let (first, second) = (Samples.order(key: "a"), Samples.order(key: "b"))
            replica.freeze()
            async let one = shortage { try await bench.accept(first) }
            try await eventually { try await bench.send("EXISTS", bench.keys.order(first.id)).integer == 1 }
            // This one waits behind the first until its time is over.
            async let other = shortage {
                _ = try await bench.pipeline.accept([NewOrder(second)], idempotencyTTL: 60_000, before: .max / 2, timeout: .milliseconds(300))
            }
            let errors = await [one, other]
            #expect(errors.allSatisfy { $0?.outcomeUnknown == true }, "\(errors)")
            #expect(try await bench.send("EXISTS", bench.keys.order(second.id)).integer == 1)
            replica.thaw()
        }
    }

    @Test func `other steps need no replica`() async throws {
        try await withReplica { bench, replica in
            let (_, entry) = try await bench.reach(.pending)
            replica.freeze()
            try await bench.begin(entry)
            try await bench.written(.routeDone([Samples.meteora]), entry)
            replica.thaw()
        }
    }

    @Test func `cancelling and pausing wait too, side by side with one wait`() async throws {
        try await withReplica { bench, replica in
            let order = try await bench.place()
            replica.freeze()
            let start = MonotonicInstant.now
            async let cancelling = shortage { _ = try await bench.pipeline.cancel(order.id) }
            async let pausing = shortage { try await bench.pipeline.pause(reason: "test") }
            let errors = await [cancelling, pausing]
            #expect(errors.allSatisfy { $0?.outcomeUnknown == true } && start.elapsed < .seconds(4))
            try await thaw(replica, bench)
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            try await bench.pipeline.pause(reason: "test")
            #expect(try await place(order, at: replica) == .cancelled)
        }
    }

    @Test func `an amendment waits for the replica too`() async throws {
        try await withReplica { bench, replica in
            var order = Samples.waiting()
            try await bench.hold(order)
            let spot = try await bench.pipeline.spots(of: [order.id])[0]
            order.terms?.limitPrice = .of("190")
            let (amended, waiting) = (order, try #require(order.waiting(at: nil)))
            replica.freeze()
            let error = await shortage { _ = try await bench.pipeline.amend(amended, to: waiting, seen: 1, spot, "m") }
            #expect(error?.code == .notReady && error?.outcomeUnknown == true)
            try await thaw(replica, bench)
            let next = try await bench.pipeline.spots(of: [order.id])[0]
            #expect(try await bench.pipeline.amend(amended, to: waiting, seen: 2, next, "m") == .amended(seq: 3))
        }
    }

    @Test func `one replica is not two, and a full Redis is no reason to wait`() async throws {
        try await withReplica(needing: 2) { bench, _ in
            let error = await shortage { try await bench.accept(Samples.order()) }
            #expect(error?.message.contains("1 of 2 replicas") == true)
        }
        try await withReplica { bench, _ in
            let order = try await bench.place()
            try await bench.send("CONFIG", "SET", "maxmemory", "1")
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
        }
    }

    @Test func `what a restarted master no longer has is not answered`() async throws {
        try await withReplica { bench, _ in
            let order = try await bench.place(Samples.order(key: "k"))
            try await bench.send("FLUSHALL")
            let error = await shortage {
                let record = bench.keys.idempotency(order.idempotencyScope, key: "k")
                try await bench.pipeline.awaitReplicas(ofOrder: order.id, record: record, in: bench.keys, within: .seconds(5))
            }
            #expect(error?.code == .unavailable && error?.outcomeUnknown == true)
        }
    }
}
