import Configuration
import EventLoop
import Observability
import Redis
import TestSupport
import Testing

@testable import GatewayService
@testable import Pipeline
@testable import ServiceKit

@Suite(.onLoop) @ServiceActor
struct LagMetricsTests {
    /// Runs `body` with a sampler and the values of a scrape of its metrics. The test takes the samples.
    private func withLag(
        _ body: @ServiceActor (TestProcess<GatewaySettings>, LagSampler, _ value: (String) -> Double?) async throws -> Void
    ) async throws {
        try await withProcess(GatewaySettings.self) { test in
            let lag = LagSampler(pipeline: test.pipeline)
            let metrics = MetricsRegistry()
            LagMetrics(lag: lag, database: 3).register(in: metrics)
            try await body(test, lag) { name in
                let line = metrics.render().split(separator: "\n").first { $0.hasPrefix(name + " ") }
                return line.flatMap { Double($0.dropFirst(name.utf8.count + 1)) }
            }
        }
    }

    private func of(_ stream: String, _ group: String) -> String { #"{db="db3",stream="orders:{0}:\#(stream)",group="\#(group)"}"# }

    @Test func `what waits and what is in hand is shown with ages, under redis_exporter's names and labels`() async throws {
        try await withLag { test, lag, value in
            let start = MonotonicInstant.now
            for age in [5000, 3000, 2000] as [Int64] {
                _ = try await test.redis.send(["XADD", test.keys.accepted, "\(try await test.now() - age)-0", "n", "0"])
            }
            _ = try await test.redis.send(["XREADGROUP", "GROUP", "router", "a", "COUNT", "1", "STREAMS", test.keys.accepted, ">"])
            _ = try await test.redis.send(["ZADD", test.keys.retries, "1", "accepted:x:1", "99999999999999", "accepted:y:1"])
            _ = try await test.redis.send(["XADD", test.keys.dead, "*", "reason", "MALFORMED"])
            _ = try await lag.sample()
            // Both ends are whole milliseconds.
            let since = Double(start.elapsed.millisecondsRoundedUp + 1) / 1000
            let router = of("accepted", "router")
            #expect(value(#"redis_stream_length{db="db3",stream="orders:{0}:accepted"}"#) == 3)
            #expect(value("redis_stream_group_lag" + router) == 2)
            #expect(value("redis_stream_group_lag_known" + router) == 1)
            #expect(value("redis_stream_group_messages_pending" + router) == 1)
            #expect(value("redis_stream_group_consumers" + router) == 1)
            #expect(value("redis_stream_group_consumers_alive" + router) == 0)
            #expect((3...(3 + since)).contains(value("redis_stream_group_oldest_waiting_seconds" + router) ?? 0))
            #expect((5...(5 + since)).contains(value("redis_stream_group_oldest_pending_seconds" + router) ?? 0))
            #expect(value("redis_stream_group_drain_seconds" + router) == nil)
            #expect(value("redis_stream_group_lag" + of("events", "persist")) == 0)
            #expect(value("redis_stream_group_drain_seconds" + of("events", "persist")) == 0)
            #expect(value("order_retries_waiting") == 2 && value("order_retries_due") == 1 && value("dead_letters_waiting") == 1)
        }
    }

    @Test func `a short lag that Redis does not know is counted, and known then`() async throws {
        try await withLag { test, lag, value in
            for _ in 0..<5 { _ = try await test.redis.send(["XADD", test.keys.routed, "*", "n", "0"]) }
            // If the group were at the stream's first or last entry, Redis would still know the lag.
            let read = try await test.redis.send(["XREADGROUP", "GROUP", "executor", "a", "COUNT", "2", "STREAMS", test.keys.routed, ">"])
            let id = try #require(StreamEntry.list(readGroup: read).last?.id)
            _ = try await test.redis.send(["XGROUP", "SETID", test.keys.routed, "executor", id])
            _ = try await lag.sample()
            #expect(value("redis_stream_group_lag" + of("routed", "executor")) == 3)
            #expect(value("redis_stream_group_lag_known" + of("routed", "executor")) == 1)
            #expect(value("redis_stream_group_entries_read" + of("routed", "executor")) == nil)
        }
    }

    @Test func `a pause is shown while it holds`() async throws {
        try await withLag { test, lag, value in
            func shown() async throws -> Double? {
                _ = try await lag.sample()
                return value("intake_paused")
            }
            #expect(try await shown() == 0)
            try await test.pipeline.pause(reason: "")
            #expect(try await shown() == 1)
            try await test.pipeline.resume()
            #expect(try await shown() == 0)
        }
    }

    @Test func `before the first sample nothing is shown, so that nobody takes silence for a healthy pipeline`() async throws {
        try await withLag { _, _, value in
            #expect(value("redis_stream_group_lag" + of("accepted", "router")) == nil)
            #expect(value("dead_letters_waiting") == nil)
        }
    }
}
