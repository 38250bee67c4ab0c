import Configuration
import EventLoop
import JSON
import Observability
import Orders
import Redis
import ServiceKit
import TestSupport
import Testing

@testable import GatewayService
@testable import HTTP
@testable import Pipeline

/// Tests that an order which was accepted under a key gets its answer again, whatever would refuse it now.
@Suite(.onLoop) @ServiceActor
struct ReplayTests {
    private static let order = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"slippage":0.02"#

    /// A gateway's acceptance on a Redis of its own. The test decides what its admission knows.
    @ServiceActor
    private struct Bench {
        let test: TestProcess<GatewaySettings>
        let lag: LagSampler
        let pressure: RedisPressure
        let outcomes: MetricFamily<Counter>

        func acceptance(tokens: TokenList? = nil, backlog: Int = 1000) throws -> Acceptance {
            let admission = Admission(
                limits: AdmissionLimits(maxBacklog: backlog, maxWait: nil), lag: lag, pressure: pressure,
                intake: IntakeWatch(pipeline: test.pipeline))
            return try Acceptance(
                settings: test.settings, process: test.process, tokens: try tokens ?? Samples.tokens(),
                triggers: TriggerCheck(FakeMarks(), test.process), admission: admission, outcomes: outcomes)
        }

        func send(_ body: String, key: String? = "k", to acceptance: Acceptance) async -> Result<Accepted, Problem> {
            await acceptance.accept(body, key: key)
        }
    }

    private func withBench(_ body: @ServiceActor (Bench) async throws -> Void) async throws {
        let server = try await RedisServer.start(appendonly: false)
        try await withProcess(GatewaySettings.self, server: server) { test in
            try await body(
                Bench(
                    test: test, lag: LagSampler(pipeline: test.pipeline), pressure: RedisPressure(redis: test.redis, log: test.process.log),
                    outcomes: Acceptance.outcomes(in: test.process.metrics)))
        }
        try await server.stop()
    }

    private func expect(_ result: Result<Accepted, Problem>, isAgain first: Accepted, at location: SourceLocation = #_sourceLocation) throws {
        let again = try result.get()
        #expect(again.isReplay && again.id == first.id && again.job == first.job, sourceLocation: location)
        #expect(again.slippageBps == first.slippageBps, sourceLocation: location)
    }

    private func expect(_ result: Result<Accepted, Problem>, _ status: Int, _ code: String, at location: SourceLocation = #_sourceLocation) {
        guard case .failure(let problem) = result else {
            Issue.record("the order was accepted", sourceLocation: location)
            return
        }
        #expect(problem.status == status && problem.code == code, "\(problem.text)", sourceLocation: location)
    }

    @Test func `while Redis cannot say whether a request is in already, nobody is told that it is refused`() async throws {
        try await withBench { bench in
            let acceptance = try bench.acceptance()
            let gone = #"{"tokenIn":"SOL","tokenOut":"GONE","amount":1}"#
            expect(await bench.send(gone, to: acceptance), 400, "BAD_REQUEST")
            bench.test.redis.close()
            expect(await bench.send(gone, to: acceptance), 503, "OUTCOME_UNKNOWN")
            expect(await bench.send(gone, key: nil, to: acceptance), 400, "BAD_REQUEST")
            expect(await bench.send(Self.order + #","deadline":"2026-01-10T07:30:00Z"}"#, to: acceptance), 503, "UNAVAILABLE")
        }
    }

    @Test func `after its absolute deadline a request is still answered as before; a new one is refused`() async throws {
        try await withBench { bench in
            let acceptance = try bench.acceptance()
            let time = Timestamp.text(milliseconds: UInt64(try await bench.test.now()) + 1500)
            let body = Self.order + #","deadline":"\#(time)"}"#
            let first = try await bench.send(body, to: acceptance).get()
            #expect(!first.isReplay)
            try expect(await bench.send(body, to: acceptance), isAgain: first)
            try await eventually { try await bench.test.now() > Int64(Timestamp.parse(time) ?? 0) }
            await bench.test.process.heartbeat.beat()
            try expect(await bench.send(body, to: acceptance), isAgain: first)
            expect(await bench.send(body, key: "other", to: acceptance), 400, "BAD_REQUEST")
            expect(await bench.send(body, key: nil, to: acceptance), 400, "BAD_REQUEST")
        }
    }

    @Test func `while the engine is overloaded, paused or full a request is still answered as before; a new one is refused`() async throws {
        try await withBench { bench in
            let body = Self.order + "}"
            let first = try await bench.send(body, to: try bench.acceptance()).get()
            _ = try await bench.lag.sample()
            let full = try bench.acceptance(backlog: 1)
            try expect(await bench.send(body, to: full), isAgain: first)
            expect(await bench.send(body, key: "new", to: full), 503, "OVERLOADED")
            try await bench.test.pipeline.pause(reason: "")
            let open = try bench.acceptance()
            try expect(await bench.send(body, to: open), isAgain: first)
            expect(await bench.send(body, key: "new", to: open), 503, "PAUSED")
            try await bench.test.pipeline.resume()
            _ = try await bench.test.redis.send(["CONFIG", "SET", "maxmemory", "1"])
            try expect(await bench.send(body, to: open), isAgain: first)
            expect(await bench.send(body, key: "new", to: open), 503, "OVERLOADED")
            expect(await bench.send(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":2}"#, to: open), 422, "IDEMPOTENCY_CONFLICT")
        }
    }

    @Test func `when a token is gone from the list, or means another one, a request is still answered as before; a new one is judged anew`()
        async throws
    {
        try await withBench { bench in
            let body = Self.order + "}"
            let first = try await bench.send(body, to: try bench.acceptance()).get()
            let bonk = Token(symbol: "BONK", name: "Bonk", mint: "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", decimals: 5)
            let gone = try bench.acceptance(tokens: try TokenList(bytes: Array(JSONWriter.value([Samples.usdc, bonk]).utf8)))
            try expect(await bench.send(body, to: gone), isAgain: first)
            try expect(
                await bench.send(#"{ "slippage":0.02, "amount":1.5,"tokenOut":"USDC","tokenIn":"SOL","userId":null}"#, to: gone), isAgain: first)
            expect(await bench.send(body, key: "new", to: gone), 400, "BAD_REQUEST")
            let other = Token(symbol: "SOL", name: "Another", mint: bonk.mint, decimals: 5)
            let renamed = try bench.acceptance(tokens: try TokenList(bytes: Array(JSONWriter.value([Samples.usdc, other]).utf8)))
            try expect(await bench.send(body, to: renamed), isAgain: first)
        }
    }

    @Test func `a request that asks for more than the first one under its key is no repetition of it`() async throws {
        try await withBench { bench in
            let acceptance = try bench.acceptance()
            let first = try await bench.send(Self.order + "}", to: acceptance).get()
            expect(await bench.send(Self.order + #","limitPrice":500}"#, to: acceptance), 400, "BAD_REQUEST")
            let noted = try await bench.send(Self.order + #","note":"again"}"#, to: acceptance).get()
            #expect(noted.id == first.id && noted.isReplay)
            expect(await bench.send(Self.order + #","slippageBps":1}"#, to: acceptance), 400, "BAD_REQUEST")
        }
    }

    @Test func `a record of an earlier version is still known by what was asked for`() async throws {
        try await withBench { bench in
            let acceptance = try bench.acceptance()
            let first = try await bench.send(Self.order + "}", to: acceptance).get()
            _ = try await bench.test.redis.send([
                "HDEL", bench.test.keys.idempotency(IdempotencyScope(user: nil), key: "k"), "request", "slippageBps",
            ])
            _ = try await bench.lag.sample()
            try expect(await bench.send(Self.order + "}", to: try bench.acceptance(backlog: 1)), isAgain: first)
        }
    }
}
