import Configuration
import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// What must survive the loss of the master waits for a replica.
@Suite(.onLoop, .timeLimit(.minutes(2))) @ServiceActor
struct ReplicaBarrierTests {
    /// Runs `body` with a pipeline that needs so many replicas, and the one that there is.
    /// The replica has much time, but where it is to be missed.
    private func withReplica(
        needing count: Int = 1, limit: Duration = .seconds(2), _ body: @ServiceActor (Bench, RedisServer) async throws -> Void
    ) async throws {
        try await withRedis { master in
            try await withRedis(["--replicaof", "127.0.0.1", String(master.port)]) { replica in
                let client = RedisClient(url: try #require(RedisURL(master.url)), name: "barrier")
                try await alongside({ await client.run() }, stop: { client.close() }) {
                    try await client.connected(within: .seconds(20))
                    let barrier = ReplicaBarrier(redis: client, settings: ReplicaSettings(count: count, limit: limit))
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

    private func state(_ order: Order, at replica: RedisServer) async throws -> OrderState? {
        let reader = RedisReader(url: try #require(RedisURL(replica.url)), name: "test")
        defer { reader.close() }
        let place = try await reader.send(["HGET", Keys(partition: 0).order(order.id), "s"], timeout: .seconds(5)).string
        return place.flatMap { OrderPlace($0)?.state }
    }

    private func shortage(_ body: @ServiceActor () async throws -> Void) async -> PipelineError? {
        do { try await body() } catch { return error as? PipelineError }
        return nil
    }

    @Test(arguments: [nil, "k"]) func `an order that is accepted is at the replica, with its key or without`(key: String?) async throws {
        try await withReplica { bench, replica in
            let order = try await bench.place(Samples.order(key: key))
            #expect(try await state(order, at: replica) == .pending)
        }
    }

    @Test func `while the replica stands still nothing is answered, and what was written is found again`() async throws {
        try await withReplica { bench, replica in
            replica.freeze()
            let order = Samples.order(key: "k")
            for _ in 0..<2 {
                let error = await shortage { try await bench.accept(order) }
                #expect(error?.code == .notReady && error?.outcomeUnknown == true && error?.message.contains("0 of 1 replicas") == true)
            }
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1)
            let record = bench.keys.idempotency(order.idempotencyScope, key: "k")
            let barrier = try #require(bench.pipeline.barrier)
            #expect(await shortage { _ = try await barrier.read(["HGET", record, "orderId"], of: record, timeout: nil) }?.outcomeUnknown == true)
            replica.thaw()
            try await eventually { try await bench.send("WAIT", "1", "1000").integer == 1 }
            #expect(try await barrier.read(["HGET", record, "orderId"], of: record, timeout: nil).string == order.id.description)
            let again = try await bench.accept(order)
            guard case .replay(order.id, _) = again else { throw TestFailure("\(again) instead of the order that was written") }
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1)
        }
    }

    @Test func `a transaction is submitted only once the replica knows it, and a second try takes it up again`() async throws {
        try await withReplica { bench, replica in
            let (order, entry) = try await bench.reach(.building)
            replica.freeze()
            let error = await shortage { _ = try await bench.pipeline.step(Samples.submit(order), entry) }
            #expect(error?.code == .notReady && error?.outcomeUnknown == true)
            replica.thaw()
            try await eventually { try await bench.send("WAIT", "1", "1000").integer == 1 }
            // Not `written`: whoever asks again follows the transaction that may have been sent.
            guard case .again(let work) = try await bench.pipeline.step(Samples.submit(order), entry) else { throw TestFailure("not taken up again") }
            #expect(work.state == .submitted)
            #expect(try await state(order, at: replica) == .submitted)
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

    @Test func `cancelling and pausing wait too`() async throws {
        try await withReplica { bench, replica in
            let order = try await bench.place()
            replica.freeze()
            #expect(await shortage { _ = try await bench.pipeline.cancel(order.id) }?.outcomeUnknown == true)
            #expect(await shortage { try await bench.pipeline.pause(reason: "test") }?.outcomeUnknown == true)
            replica.thaw()
            try await eventually { try await bench.send("WAIT", "1", "1000").integer == 1 }
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            #expect(try await state(order, at: replica) == .cancelled)
        }
    }

    @Test func `one replica is not two`() async throws {
        try await withReplica(needing: 2) { bench, _ in
            let error = await shortage { try await bench.accept(Samples.order()) }
            #expect(error?.message.contains("1 of 2 replicas") == true)
        }
    }
}
