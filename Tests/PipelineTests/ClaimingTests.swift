import Configuration
import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Tests when workers take over what others have left, and what must not delay them.
@Suite(.onLoop) @ServiceActor
struct ClaimingTests {
    private func owner(_ bench: Bench, of entry: String, in keys: Keys) async throws -> String? {
        try await bench.send("XPENDING", keys.accepted, "router", entry, entry, "1").array?.first?.array?[1].string
    }

    @Test func `while suspects of one partition are begun another takes over what is none`() async throws {
        try await withBench(PipelineSettings(partitions: 2)) { bench in
            let (first, second) = (bench.pipeline.partitions[0], bench.pipeline.partitions[1])
            _ = try await bench.abandon(in: first, deliveries: 3)
            let (_, entry) = try await bench.abandon(in: second, idle: 0, deliveries: 1)
            let gate = Promise<Void>()
            let handler = FakeHandler { _ in _ = try? await gate.value }
            try await withWorker(bench, .of(.router, "w", visibilityTimeout: .seconds(20)), handler) { _, _ in
                try await eventually { handler.entries.count == 1 }
                try await bench.age(entry, in: second.accepted, "router", of: "a")
                try await eventually { try await owner(bench, of: entry, in: second) == "w" }
                #expect(handler.entries.count == 1, "it is begun when the suspect has got somewhere")
                gate.succeed(())
                try await eventually { handler.entries.count == 2 }
            }
        }
    }

    @Test func `behind windows full of suspects those that are none are found, and taken first`() async throws {
        try await withBench { bench in
            let fill = """
                for i = 1, 350 do
                  local id = redis.call('XADD', KEYS[1], '*', 'id', 'x', 'round', '1')
                  redis.call('XREADGROUP', 'GROUP', 'router', 'a', 'COUNT', 1, 'STREAMS', KEYS[1], '>')
                  redis.call('XCLAIM', KEYS[1], 'router', 'a', 0, id, 'IDLE', 60000, 'RETRYCOUNT', i <= 347 and 3 or 1)
                end
                """
            try await bench.send("EVAL", fill, "1", bench.keys.accepted)
            let claimed = try await bench.claim(as: "b", max: 10)
            #expect(claimed.map(\.deliveries) == [2, 2, 2])
        }
    }

    @Test func `on a connection that is not prepared yet nothing is taken over, nor right after it`() async throws {
        try await withBench { bench in
            let (_, entry) = try await bench.abandon(in: bench.keys, deliveries: 1)
            let redis = RedisClient(url: try #require(RedisURL(bench.url)), name: "slow")
            let (prepared, released) = (Promise<Void>(), Promise<Void>())
            redis.onConnect = { _ in
                prepared.succeed(())
                _ = try? await released.value
            }
            let running = Loop.spawn { await redis.run() }
            try await prepared.value(within: .seconds(20))
            let url = try #require(RedisURL(bench.url))
            let worker = Worker(
                options: .of(.router, "w"), pipeline: OrderPipeline(redis: redis, settings: PipelineSettings()), handler: FakeHandler { _ in },
                observer: RecordingObserver()
            ) {
                RedisReader(url: url, name: "reader")
            }
            let working = Loop.spawn { await worker.run() }
            // A bit more than a claim interval.
            try await sleep(for: .milliseconds(1300))
            #expect(try await owner(bench, of: entry, in: bench.keys) == "a")
            let restored = MonotonicInstant.now
            worker.connectionRestored()
            released.succeed(())
            try await eventually { try await owner(bench, of: entry, in: bench.keys) == "w" }
            #expect(restored.elapsed >= .milliseconds(1500), "its owner has a moment to renew it")
            await worker.stop(within: .zero)
            await working.value
            redis.close()
            await running.value
        }
    }
}
