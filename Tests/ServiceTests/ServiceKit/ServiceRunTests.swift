import Configuration
import EventLoop
import Glibc
import HTTP
import Observability
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline
@testable import ServiceKit

/// A service that records what is done with it.
@ServiceActor
private final class RecordingService: Service {
    nonisolated static var purpose: String { "Notes what is done with it." }
    private(set) var calls: [String] = []
    var onStop: (@ServiceActor () async -> Void)?
    var extraChildren: [ServiceChild] = []
    let needsRedis: Bool

    init(needsRedis: Bool = true) { self.needsRedis = needsRedis }
    init(settings: RouterSettings, process: ServiceProcess) async throws { needsRedis = true }

    var children: [ServiceChild] { [ServiceChild("work") { try await self.run() }] + extraChildren }

    private func run() async throws {
        calls.append("run")
        try? await sleep(for: .seconds(600))
        calls.append("cancelled")
    }

    func stop(within grace: Duration) async {
        calls.append("stop")
        await onStop?()
    }

    func connectionRestored() { calls.append("restored") }
}

/// The tests run one after the other, because signals go to the whole process.
@Suite(.onLoop, .serialized) @ServiceActor
struct ServiceRunTests {
    private func process(_ url: String, partitions: Int = 1) throws -> ServiceProcess {
        .unconnected(try load(RouterSettings.self, redis: url, ["PARTITIONS": String(partitions), "SHUTDOWN_GRACE_S": "4"]))
    }

    @Test func `SIGTERM: not ready, the service stops, a request in hand is answered before the service's work is cancelled`() async throws {
        let process = try process(try await RedisServer.shared().database())
        let service = RecordingService()
        let (entered, gate) = (Promise<Void>(), Promise<Void>())
        var readiness = [true]
        process.router.get("/slow") { _, _ in
            entered.succeed(())
            try await gate.value
            return HTTPResponse(status: 200, body: service.calls.joined(separator: " "))
        }
        service.onStop = {
            readiness.append(process.health.readiness.isPassing)
            Loop.spawn {
                try? await sleep(for: .milliseconds(50))
                gate.succeed(())
            }
        }
        let running = Loop.spawn { try await ServiceRun(process: process, service: service).run() }
        try await eventually { service.calls == ["run"] && process.health.readiness.isPassing }
        let client = try RawConnection(port: try #require(process.server?.port))
        try await client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        try await entered.value(within: .seconds(5))
        kill(getpid(), SIGTERM)
        #expect(try await client.response().body == "run stop")
        try await running.value
        #expect(service.calls == ["run", "stop", "cancelled"])
        #expect(readiness == [true, false])
        #expect(!process.redis.isConnected)
    }

    @Test func `the port for probes answers while all connections are taken, and says until the end that the process stops`() async throws {
        // A port that was free a moment ago.
        let finder = HTTPServer(bind: "127.0.0.1", router: HTTPRouter())
        try finder.start()
        let port = finder.port
        await finder.stop(within: .zero)
        let settings = try load(
            RouterSettings.self, redis: try await RedisServer.shared().database(), ["ADMIN_PORT": String(port), "SHUTDOWN_GRACE_S": "4"])
        let process = ServiceProcess.unconnected(settings)
        process.serverOptions.maxConnections = 2
        let service = RecordingService()
        var whileStopping = ""
        service.onStop = { whileStopping = (try? await Self.ask(port, "/health/ready")) ?? "no answer" }
        let running = Loop.spawn { try await ServiceRun(process: process, service: service).run() }
        try await eventually { process.health.readiness.isPassing }
        let held = try (0..<2).map { _ in try RawConnection(port: try #require(process.server?.port)) }
        try await eventually { process.server?.connections == 2 }
        let next = try RawConnection(port: try #require(process.server?.port))
        try await next.send("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        await #expect(throws: DeadlineExceeded.self) { try await next.response(within: .milliseconds(300)) }
        for path in ["/health/live", "/health/ready", "/metrics"] { #expect(try await Self.ask(port, path).hasPrefix("HTTP/1.1 200"), "\(path)") }
        #expect(try await Self.ask(port, "/metrics").contains("\nhttp_connections_open 2\n"))
        kill(getpid(), SIGTERM)
        try await running.value
        #expect(whileStopping.hasPrefix("HTTP/1.1 503"))
        (held + [next]).forEach { $0.close() }
    }

    private static func ask(_ port: UInt16, _ path: String) async throws -> String {
        let connection = try RawConnection(port: port)
        defer { connection.close() }
        try await connection.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        let (head, body) = try await connection.response()
        return head + body
    }

    @Test func `a process that may not start beside others does not, though its first connection ends before it knows that`() async throws {
        try await withProcess(RouterSettings.self) { test in
            let fields = test.pipeline.agreementFields.merging([AccessMode.field: "keyed"]) { $1 }
            let other = Heartbeat(redis: test.redis, service: "gateway", name: "gateway-keyed") { fields }
            try await alongside({ await other.run() }) {
                try await eventually { try await test.pipeline.instances().contains { $0.name == "gateway-keyed" } }
                let (open, service) = (try process("\(test.settings.common.redis)"), RecordingService())
                let running = Loop.spawn { try await ServiceRun(process: open, service: service).run() }
                // It waits now whether the heartbeat of the other one ends.
                try await eventually { open.redis.hasConnection && !open.health.readiness.isPassing }
                let own = try #require(await open.redis.send(["CLIENT", "ID"]).integer)
                #expect(try await test.redis.send(["CLIENT", "KILL", "ID", String(own)]).integer == 1)
                let error = await #expect(throws: StartError.self) { try await withDeadline(.seconds(30)) { try await running.value } }
                #expect(error?.description.contains("API_KEYS_FILE is not set") == true)
                #expect(open.redis.statistics.reconnects > 0)
                #expect(service.calls.allSatisfy { $0 != "run" })
            }
        }
    }

    @Test func `another count of partitions than orders in Redis live by is refused, and the service is never run`() async throws {
        try await withProcess(RouterSettings.self, ["PARTITIONS": "2"]) { test in
            try await test.pipeline.agreeOnPartitions()
            try await test.accept(Samples.order())
            let service = RecordingService()
            let run = ServiceRun(process: try process("\(test.settings.common.redis)", partitions: 3), service: service)
            let error = await #expect(throws: StartError.self) { try await run.run() }
            #expect(error?.exitCode == 78)
            #expect(
                error?.description
                    == "PARTITIONS is 3, but in this Redis 2 is agreed on, and the engine is not paused: start with PARTITIONS=2. To have "
                    + "more while the engine works, use orderctl partitions grow. To change the count in "
                    + "any other way, pause the engine (orderctl pause), wait until nothing is under way (orderctl lag), stop every process, and "
                    + "start all with the new count")
            #expect(service.calls == ["stop"])
        }
    }

    @Test func `a child that ends in error is told by its name, the process stops in order, and its exit code is 1`() async throws {
        let process = try process(try await RedisServer.shared().database())
        let service = RecordingService()
        let gate = Promise<Void>()
        service.extraChildren = [
            ServiceChild("brief") {},
            ServiceChild("doomed") {
                try await gate.value
                throw TestFailure("no more")
            },
        ]
        let running = Loop.spawn { try await ServiceRun(process: process, service: service).run() }
        try await eventually { service.calls == ["run"] && process.health.readiness.isPassing }
        gate.succeed(())
        let error = await #expect(throws: StartError.self) { try await running.value }
        #expect(error?.description == "doomed: no more" && error?.exitCode == 1)
        #expect(service.calls == ["run", "stop", "cancelled"] && !process.redis.isConnected)
    }

    @Test func `a stop that nobody has asked for has the grace period as its limit too, and keeps its exit code`() async throws {
        let service = RecordingService()
        service.extraChildren = [ServiceChild("doomed") { throw TestFailure("no more") }]
        let (hanging, cut) = (Promise<Void>(), Promise<Int32>())
        service.onStop = { try? await hanging.value }
        let run = ServiceRun(process: try process(try await RedisServer.shared().database()), service: service)
        run.cutShort = { cut.succeed($0) }
        let running = Loop.spawn { try await run.run() }
        #expect(try await cut.value(within: .seconds(10)) == 1)
        hanging.succeed(())
        await #expect(throws: StartError.self) { try await running.value }
    }

    @Test func `a service is not run before Redis lets it work; a gateway is, and says why it is not ready`() async throws {
        let server = try await RedisServer.start(appendonly: false)
        let admin = RedisClient(url: try #require(RedisURL(server.url)), name: "admin")
        let administering = Loop.spawn { await admin.run() }
        try await admin.connected(within: .seconds(20))
        _ = try await admin.send(["ACL", "SETUSER", "engine", "on", "nopass", "~*", "+@all"])
        let url = "redis://engine@127.0.0.1:\(server.port)"
        let (worker, gateway) = (RecordingService(), RecordingService(needsRedis: false))
        let processes = [try process(url), try process(url)]
        let running = zip(processes, [worker, gateway]).map { process, service in
            Loop.spawn { try await ServiceRun(process: process, service: service).run() }
        }
        try await eventually { gateway.calls == ["run"] && processes.allSatisfy { $0.redisTrouble?.contains("PUBLISH updates:") == true } }
        #expect(worker.calls.isEmpty && processes.allSatisfy { !$0.health.readiness.isPassing && $0.health.liveness.isPassing })
        _ = try await admin.send(["ACL", "SETUSER", "engine", "allchannels"])
        try await eventually { worker.calls == ["run"] && processes.allSatisfy { $0.health.readiness.isPassing } }
        kill(getpid(), SIGTERM)
        for task in running { try await task.value }
        admin.close()
        await administering.value
        try await server.stop()
    }

    @Test func `a process takes requests once Redis can be reached, or after a second to say that it cannot`() async throws {
        let reached = try process(try await RedisServer.shared().database())
        let away = try process("redis://127.0.0.1:1/0")
        let processes = [reached, away]
        let running = processes.map { process in
            Loop.spawn { try await ServiceRun(process: process, service: RecordingService(needsRedis: process === reached)).run() }
        }
        try await eventually { processes.allSatisfy { $0.server.map { $0.port > 0 } == true } }
        let ports = processes.map { $0.server?.port ?? 0 }
        var answers = ["", ""]
        // Refused until the process listens.
        for index in [0, 1] {
            try await eventually {
                answers[index] = (try? await Self.ask(ports[index], "/health/ready")) ?? ""
                return !answers[index].isEmpty
            }
        }
        #expect(answers[0].hasPrefix("HTTP/1.1 200") && answers[1].hasPrefix("HTTP/1.1 503"))
        kill(getpid(), SIGTERM)
        for task in running { try await task.value }
    }

    @Test func `a process whose port is taken ends before it asks Redis for anything`() async throws {
        let (redis, other) = (try FakeRedis(), HTTPServer(bind: "127.0.0.1", router: HTTPRouter()))
        try other.start()
        let process = ServiceProcess.unconnected(try load(RouterSettings.self, redis: redis.url, ["PORT": String(other.port)]))
        await #expect(throws: HTTPServerError.self) { try await ServiceRun(process: process, service: RecordingService()).run() }
        #expect(redis.connections == 0)
        await other.stop(within: .zero)
        redis.stop()
    }

    @Test func `when Redis has changed its role the subscribers look its address up again too, once it serves`() async throws {
        let server = try await RedisServer.start(appendonly: false)
        let process = try process(server.url)
        let subscriber = process.connectSubscriber()
        let service = RecordingService()
        let listening = Loop.spawn { await subscriber.run() }
        let running = Loop.spawn { try await ServiceRun(process: process, service: service).run() }
        try await eventually { service.calls == ["run"] && subscriber.isConnected }
        let admin = RedisReader(url: try #require(RedisURL(server.url)), name: "admin")
        _ = try await admin.send(["REPLICAOF", "127.0.0.1", "1"], timeout: .seconds(5))
        try await eventually { process.redisTrouble?.contains("READONLY") == true && !process.health.readiness.isPassing }
        #expect(subscriber.reconnects == 0)
        _ = try await admin.send(["REPLICAOF", "NO", "ONE"], timeout: .seconds(5))
        try await eventually { process.health.readiness.isPassing && subscriber.reconnects == 1 }
        kill(getpid(), SIGTERM)
        try await running.value
        subscriber.close()
        await listening.value
        admin.close()
        try await server.stop()
    }

    @Test func `a stop does not wait for a preparation that Redis refuses`() async throws {
        let server = try FakeRedis()
        server.answer = { _ in "-NOPERM no\r\n" }
        let process = try process(server.url)
        let service = RecordingService()
        let running = Loop.spawn { try await ServiceRun(process: process, service: service).run() }
        try await eventually { process.redisTrouble == "Redis refuses it (NOPERM no)" && process.health.readiness.json.contains("NOPERM") }
        kill(getpid(), SIGTERM)
        let start = MonotonicInstant.now
        try await running.value
        #expect(start.elapsed < .seconds(3) && service.calls == ["stop"])
        server.stop()
    }

    @Test func `a lost connection is told to the service, groups that are gone are made again`() async throws {
        let server = try await RedisServer.start(appendonly: false)
        let process = try process(server.url)
        let service = RecordingService()
        let run = ServiceRun(process: process, service: service)
        let running = Loop.spawn { try await run.run() }
        try await eventually { service.calls == ["run"] }
        try await server.kill()
        try await eventually { !process.health.readiness.isPassing }
        #expect(process.health.liveness.isPassing)
        try await server.restart()
        try await eventually { service.calls == ["run", "restored"] && process.health.readiness.isPassing }
        // The server has not kept anything.
        #expect(try await process.redis.send(["XINFO", "GROUPS", "orders:{0}:accepted"]).array?.count == 1)
        kill(getpid(), SIGTERM)
        try await running.value
        try await server.stop()
    }
}

@Suite(.onLoop) @ServiceActor
struct PartitionAgreementTests {
    private func withPipeline(_ partitions: Int, _ body: @ServiceActor (TestProcess<RouterSettings>) async throws -> Void) async throws {
        try await withProcess(RouterSettings.self, ["PARTITIONS": String(partitions)], body)
    }

    private func other(_ test: TestProcess<RouterSettings>, _ partitions: Int) -> OrderPipeline {
        OrderPipeline(redis: test.redis, settings: PipelineSettings(partitions: partitions))
    }

    @Test func `the first count holds; the same one agrees`() async throws {
        try await withPipeline(2) { test in
            try await test.pipeline.agreeOnPartitions()
            try await other(test, 2).agreeOnPartitions()
            #expect(try await test.redis.send(["GET", Keys.agreement("partitions")]).string == "2/2")
        }
    }

    @Test func `where no order, record or entry is left another count is taken over`() async throws {
        try await withPipeline(2) { test in
            try await test.pipeline.agreeOnPartitions()
            // The streams and their groups are there already, without entries.
            try await other(test, 4).agreeOnPartitions()
            await #expect(throws: Never.self) { try await other(test, 4).agreeOnPartitions() }
            #expect(try await test.redis.send(["GET", Keys.agreement("partitions")]).string == "4/2")
        }
    }

    @Test(
        arguments: [
            ["HSET", "orders:{1}:o:x", "s", "confirmed 1 1 7 1 "], ["HSET", "orders:{0}:idem:u:k", "orderId", "x"],
            ["XADD", "orders:{1}:accepted", "*", "id", "x"], ["XADD", "orders:{0}:dead", "*", "id", "x"],
        ])
    func `anything that carries a partition keeps the count`(_ command: [String]) async throws {
        try await withPipeline(2) { test in
            try await test.pipeline.agreeOnPartitions()
            _ = try await test.redis.send(command)
            let error = await #expect(throws: PartitionMismatch.self) { try await other(test, 4).agreeOnPartitions() }
            #expect(error?.agreed == "2/2" && error?.given == 4)
            #expect(try await test.redis.send(["GET", Keys.agreement("partitions")]).string == "2/2")
        }
    }
}
