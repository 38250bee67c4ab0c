import Configuration
import EventLoop
import HTTP
import Orders
import Redis
import ServiceKit
import TestSupport
import Testing

@testable import GatewayService
@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct AdmissionTests {
    private func refusal(_ admission: Admission) -> Problem? {
        do throws(Problem) {
            try admission.enter()
            admission.leave(since: .now)
            return nil
        } catch {
            return error
        }
    }

    private func admission(_ test: TestProcess<GatewaySettings>, backlog: Int = 1000, wait: Duration? = nil) async throws -> Admission {
        let lag = LagSampler(pipeline: test.pipeline)
        let pressure = RedisPressure(redis: test.redis, log: test.process.log)
        let admission = Admission(
            limits: AdmissionLimits(maxBacklog: backlog, maxWait: wait), lag: lag, pressure: pressure, intake: IntakeWatch(pipeline: test.pipeline))
        #expect(refusal(admission) == nil, "a gateway that knows nothing yet takes orders")
        _ = try await lag.sample()
        return admission
    }

    @Test(arguments: [(2, true), (3, false)])
    func `as many orders may wait as the limit says, one less than which is let in`(_ limit: Int, _ isRefused: Bool) async throws {
        try await withProcess(GatewaySettings.self) { test in
            for _ in 0..<2 { try await test.accept(Samples.order()) }
            let problem = refusal(try await admission(test, backlog: limit))
            #expect((problem != nil) == isRefused)
            if let problem {
                #expect(problem.status == 503 && problem.code == "OVERLOADED")
                #expect(problem.error.contains("2 orders waiting"))
                #expect(problem.headers.map(\.0) == ["Retry-After"])
            }
        }
    }

    @Test(arguments: [(3, true), (4, false)])
    func `events that are not in Postgres stop new orders at their own limit, in hand or not`(_ limit: Int, _ isRefused: Bool) async throws {
        try await withProcess(GatewaySettings.self) { test in
            for _ in 0..<3 { try await test.accept(Samples.order()) }
            let events = test.pipeline.partitions[0].events
            _ = try await test.redis.send(["XREADGROUP", "GROUP", persistGroup, "n", "COUNT", "1", "STREAMS", events, ">"])
            let lag = LagSampler(pipeline: test.pipeline)
            let admission = Admission(
                limits: AdmissionLimits(maxBacklog: 1000, maxEventBacklog: limit, maxWait: nil), lag: lag,
                pressure: RedisPressure(redis: test.redis, log: test.process.log), intake: IntakeWatch(pipeline: test.pipeline))
            _ = try await lag.sample()
            let problem = refusal(admission)
            #expect((problem != nil) == isRefused)
            if let problem {
                #expect(problem.status == 503 && problem.code == "OVERLOADED")
                #expect(problem.error.hasPrefix("The engine has 3 events that are not in its database yet"))
                #expect(problem.headers.map(\.1) == ["30"])
            }
        }
    }

    @Test func `what a router has been given does not wait any more`() async throws {
        try await withProcess(GatewaySettings.self) { test in
            for _ in 0..<2 { try await test.accept(Samples.order()) }
            _ = try await test.take(.router)
            #expect(refusal(try await admission(test, backlog: 2)) == nil)
        }
    }

    @Test(arguments: [(Duration.milliseconds(1), true), (.seconds(60), false)])
    func `the oldest waiting order may be as old as the limit says`(_ limit: Duration, _ isRefused: Bool) async throws {
        try await withProcess(GatewaySettings.self) { test in
            try await test.accept(Samples.order())
            try await sleep(for: .milliseconds(10))
            #expect((refusal(try await admission(test, wait: limit)) != nil) == isRefused)
        }
    }

    @Test func `orders that would wait longer than the limit says are refused, until the workers have caught up`() async throws {
        try await withProcess(GatewaySettings.self) { test in
            let intake = IntakeWatch(pipeline: test.pipeline)
            let limits = AdmissionLimits(maxBacklog: 1000, maxWait: nil, maxExpectedWait: .milliseconds(200))
            let admission = Admission(
                limits: limits, lag: LagSampler(pipeline: test.pipeline), pressure: RedisPressure(redis: test.redis, log: test.process.log),
                intake: intake)
            for _ in 0..<200 { try await test.accept(Samples.order()) }
            let watching = Loop.spawn { await intake.run() }
            defer { watching.cancel() }
            // At ten orders in fifty milliseconds a hundred orders need half a second.
            let read = ["XREADGROUP", "GROUP", "router", "r", "COUNT", "10", "STREAMS", test.pipeline.partitions[0].accepted, ">"]
            var problem: Problem?
            for _ in 0..<12 where problem == nil {
                problem = refusal(admission)
                _ = try await test.redis.send(read)
                try await sleep(for: .milliseconds(50))
            }
            #expect(problem?.status == 503 && problem?.code == "OVERLOADED" && problem?.headers.map(\.1) == ["1"])
            while try await test.redis.send(read).array?.isEmpty == false {}
            try await eventually { refusal(admission) == nil }
        }
    }

    @Test func `above three quarters of Redis' memory new orders are refused, and then taken again`() async throws {
        let server = try await RedisServer.start(appendonly: false)
        try await withProcess(GatewaySettings.self, server: server) { test in
            let pressure = RedisPressure(redis: test.redis, log: test.process.log)
            let running = Loop.spawn { await pressure.run() }
            defer { running.cancel() }
            let admission = Admission(
                limits: AdmissionLimits(maxBacklog: 1000, maxWait: nil), lag: LagSampler(pipeline: test.pipeline), pressure: pressure,
                intake: IntakeWatch(pipeline: test.pipeline))
            let info = try #require(try await test.redis.send(["INFO", "memory"]).string)
            let used = try #require(info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") }.flatMap { Int($0.dropFirst(12)) })
            _ = try await test.redis.send(["CONFIG", "SET", "maxmemory", String(used * 5 / 4)])
            try await eventually { refusal(admission)?.error == "The engine's memory is nearly full; try again in a few seconds" }
            _ = try await test.redis.send(["CONFIG", "SET", "maxmemory", String(used * 4)])
            try await eventually { refusal(admission) == nil }
        }
        try await server.stop()
    }

    @Test(
        arguments: [
            ("# Memory\r\nused_memory:76\r\nused_memory_human:1M\r\nmaxmemory:100\r\n", 76), ("used_memory:99\r\nmaxmemory:0\r\n", 0),
            ("used_memory:99\r\n", 0), ("", 0), ("used_memory:x\r\nmaxmemory:100\r\n", 0), ("used_memory:300\nmaxmemory:200\n", 150),
            ("used_memory:9223372036854775807\nmaxmemory:1\n", Int.max), ("used_memory:-9223372036854775808\nmaxmemory:5\n", 0),
            ("used_memory:9223372036854775808\nmaxmemory:1\n", 0),
        ])
    func `the share of memory is read from INFO; without a limit there is none`(_ info: String, _ expected: Int) {
        #expect(RedisInfo(info).memoryPercent == expected)
    }
}

@Suite struct TraceparentTests {
    @Test func `a well-formed trace context is passed on`() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let trace = TraceContext(traceparent: text)
        #expect(trace?.traceparent == text && trace?.traceID == String(text.dropFirst(3).prefix(32)))
    }

    @Test(
        arguments: [
            "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e473\"-00f067aa0ba902b7-01",
        ])
    func `anything else is dropped`(_ text: String) { #expect(TraceContext(traceparent: text) == nil) }
}
