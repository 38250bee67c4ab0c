import Configuration
import EventLoop
import JSON
import Orders
import ServiceKit
import TestSupport
import Testing

@testable import GatewayService
@testable import HTTP
@testable import Pipeline
@testable import Redis

/// Tests what a client is told when Redis does not do its part. Each test has a Redis of its own, which it may harm.
@Suite(.onLoop) @ServiceActor
struct AcceptanceTests {
    @ServiceActor
    struct Bench {
        let test: TestProcess<GatewaySettings>
        let acceptance: Acceptance
        let admin: RedisClient
        let server: RedisServer

        /// Accepts an order. A refusal is returned as its problem.
        func accept(_ key: String = "k", also members: String = "", by other: Acceptance? = nil) async -> Result<Accepted, Problem> {
            await (other ?? acceptance).accept(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"clientOrderId":"\#(key)"\#(members)}"#)
        }

        /// Makes the next order's answer get lost: Redis holds it back, and its connection is cut.
        func cutWhileAccepting(then body: @ServiceActor () async throws -> Void = {}) async throws -> Result<Accepted, Problem> {
            _ = try await admin.send(["CLIENT", "PAUSE", "300", "WRITE"])
            let accepting = Loop.spawn { await self.accept() }
            try await eventually { try await admin.send(["INFO", "clients"]).string?.contains("blocked_clients:1") == true }
            try await body()
            _ = try await admin.send(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])
            return await accepting.value
        }

        var waiting: Int64? { get async throws { try await admin.send(["XLEN", test.keys.accepted]).integer } }
    }

    fileprivate func withAcceptance(_ body: @ServiceActor (Bench) async throws -> Void) async throws {
        let server = try await RedisServer.start(appendonly: false)
        try await withProcess(GatewaySettings.self, server: server) { test in
            let admin = RedisClient(url: try #require(RedisURL(server.url)), name: "admin")
            let running = Loop.spawn { await admin.run() }
            defer { running.cancel() }
            try await admin.connected(within: .seconds(10))
            let bench = Bench(test: test, acceptance: try test.acceptance(), admin: admin, server: server)
            // After this Redis knows the script.
            _ = try await bench.accept("first").get()
            try await body(bench)
        }
        try await server.stop()
    }

    /// An acceptance in a process whose connection its owner keeps. The server is only lent.
    private func bench(_ process: ServiceProcess, _ settings: GatewaySettings, _ server: RedisServer) throws -> Bench {
        let test = TestProcess(process: process, settings: settings)
        return Bench(test: test, acceptance: try test.acceptance(backlog: 1), admin: process.redis, server: server)
    }

    fileprivate func expectUnavailable(_ result: Result<Accepted, Problem>, namesOrder: Bool, at location: SourceLocation = #_sourceLocation) throws {
        guard case .failure(let problem) = result else {
            Issue.record("the order was accepted", sourceLocation: location)
            return
        }
        #expect(problem.status == 503 && problem.code == (namesOrder ? "OUTCOME_UNKNOWN" : "UNAVAILABLE"), sourceLocation: location)
        #expect(problem.headers.contains { $0.0 == "Retry-After" && Int($0.1) != nil }, sourceLocation: location)
        let id = try JSONValue.parse(problem.text)["orderId"]?.string
        #expect((id.flatMap { OrderID(parsing: $0) } != nil) == namesOrder, "\(problem.text)", sourceLocation: location)
    }

    @Test func `an order whose answer was lost is sent again with its id, and is there once`() async throws {
        try await withAcceptance { bench in
            let accepted = try await bench.cutWhileAccepting().get()
            #expect(!accepted.isReplay)
            #expect(try await bench.waiting == 2)
            let again = try await bench.accept().get()
            #expect(again.id == accepted.id && again.job == accepted.job && again.isReplay)
        }
    }

    @Test func `an order whose answer was lost is found by its key, also when the second try finds Redis full`() async throws {
        try await withAcceptance { bench in
            let result = try await bench.cutWhileAccepting { _ = try await bench.admin.send(["CONFIG", "SET", "maxmemory", "1"]) }
            guard try await bench.waiting == 1 else { return #expect(try result.get().job.contains("-")) }
            // Redis was full before the first try got through: nothing is known of the order, and nothing was accepted.
            try expectUnavailable(result, namesOrder: true)
        }
    }

    @Test func `a full Redis takes no new orders, and says so`() async throws {
        try await withAcceptance { bench in
            _ = try await bench.admin.send(["CONFIG", "SET", "maxmemory", "1"])
            guard case .failure(let problem) = await bench.accept() else {
                Issue.record("a full Redis took an order")
                return
            }
            #expect(problem.status == 503 && problem.code == "OVERLOADED")
            #expect(problem.error == "The engine's memory is full; try again in a few seconds")
        }
    }

    private nonisolated static func accepts(_ command: [String]) -> Bool { command.count > 12 && command[3].hasSuffix(":accepted") }

    @Test(arguments: [true, false])
    func `an order that is found by its key because its own answer is late is accepted, not replayed`(_ isOwn: Bool) async throws {
        let server = try FakeRedis()
        server.answer = { [unowned server] command in
            switch command {
            // The record of the order that was just proposed, or of an earlier one that was the same. Before it comes the late answer.
            case let command where command.first == "HMGET":
                guard let accept = server.commands.last(where: Self.accepts), let count = Int(accept[2]) else { return "*-1\r\n" }
                // The script's keys, of which the sixth ends in the order's id, and what it is told after the order.
                let (keys, rest) = (accept[3..<3 + count], accept[(5 + count)...].map { $0 })
                let id = isOwn ? String(keys[8].suffix(36)) : "0198c2a1-7d3e-7000-8000-5d2f6c1b9a00"
                let values = [id, "1-0", rest[0], rest[4], "100"]
                return ":0\r\n*5\r\n" + values.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
            case let command where Self.accepts(command): return ""
            // The heartbeat: the time, how far the clock was set back, and no others that read streams.
            default: return "*3\r\n:1767225600000\r\n:0\r\n*0\r\n"
            }
        }
        let settings = try load(GatewaySettings.self, redis: server.url, [:])
        let process = ServiceProcess.unconnected(settings)
        let running = Loop.spawn { await process.redis.run() }
        try await process.redis.connected(within: .seconds(10))
        await process.heartbeat.beat()
        let accepted = try await bench(process, settings, RedisServer.shared()).accept().get()
        #expect(accepted.isReplay == !isOwn && accepted.job == "1-0")
        process.redis.close()
        await running.value
        server.stop()
    }

    @Test func `a login that Redis refuses is answered in Redis' own words, and nobody is told to try again in a few seconds`() async throws {
        let server = try await RedisServer.start(appendonly: false, extraConfig: ["--requirepass", "right"])
        let settings = try load(GatewaySettings.self, redis: "redis://:wrong@127.0.0.1:\(server.port)", [:])
        let process = ServiceProcess.unconnected(settings)
        let running = Loop.spawn { await process.redis.run() }
        try await eventually { process.redis.unavailable.words != nil }
        let result = try await bench(process, settings, server).accept()
        guard case .failure(let problem) = result else { throw TestFailure("the order was accepted") }
        #expect(problem.status == 503 && problem.code == "REDIS_REFUSED", "\(problem.text)")
        #expect(problem.error.contains("Redis refuses the login (WRONGPASS ") && !problem.error.contains("try again"), "\(problem.error)")
        process.redis.close()
        await running.value
        try await server.stop()
    }

    @Test(arguments: [(RedisError.Code.overloaded, "OVERLOADED"), (.closed, "UNAVAILABLE")])
    func `what this process has too much of is not called away`(_ code: RedisError.Code, _ answered: String) throws {
        let problem = try #require(PipelineError(RedisError(code, "m")).answer("The order cannot be looked up") as? Problem)
        #expect(problem.status == 503 && problem.code == answered && !problem.error.contains("away"), "\(problem.error)")
        #expect(problem.error.hasPrefix("The order cannot be looked up because ") && problem.error.contains("this process"))
    }

    @Test func `before the first answer of Redis there is no time to stamp an order with`() async throws {
        let settings = try load(GatewaySettings.self, redis: "redis://127.0.0.1:1", [:])
        let bench = try await bench(.unconnected(settings), settings, RedisServer.shared())
        try expectUnavailable(await bench.accept(), namesOrder: false)
    }
}

/// Tests how soon the client is told.
@Suite(.aloneOnLoop) @ServiceActor
struct AcceptanceTimeTests {
    @Test func `while Redis does not answer, the client is told within a second, with an id to look up, and the order is not taken in late`()
        async throws
    {
        try await AcceptanceTests().withAcceptance { bench in
            bench.server.freeze()
            let start = MonotonicInstant.now
            let result = await bench.accept()
            #expect(start.elapsed > .milliseconds(700) && start.elapsed < .milliseconds(1200) + MachineWatch.lost(since: start))
            try AcceptanceTests().expectUnavailable(result, namesOrder: true)
            bench.server.thaw()
            #expect(try await bench.admin.send(["PING"]).string == "PONG")
            #expect(try await bench.waiting == 1)
        }
    }

    @Test func `while Redis is away the client is told at once, and nothing is left behind`() async throws {
        try await AcceptanceTests().withAcceptance { bench in
            try await bench.server.kill()
            try await eventually { !bench.test.redis.isConnected }
            let start = MonotonicInstant.now
            try AcceptanceTests().expectUnavailable(await bench.accept(), namesOrder: false)
            #expect(start.elapsed < .milliseconds(200) + MachineWatch.lost(since: start))
        }
    }
}
