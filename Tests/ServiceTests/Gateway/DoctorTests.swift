import Configuration
import EventLoop
import JSON
import Orders
import Redis
import Storage
import TestSupport
import Testing

@testable import GatewayService
@testable import Pipeline
@testable import ServiceKit

@Suite(.onLoop) @ServiceActor
struct DoctorTests {
    private static let healthy =
        "redis_version:7.0.15\r\naof_enabled:1\r\naof_last_write_status:ok\r\naof_last_bgrewrite_status:ok\r\n"
        + "maxmemory_policy:noeviction\r\nused_memory:1048576\r\nmaxmemory:1398102\r\n"

    @Test(
        arguments: [
            ("redis_version:7.0.15", "redis_version:6.2.1", "always", "redis-version", Diagnosis.Verdict.fault),
            ("redis_version:7.0.15", "", "always", "redis-version", .unknown),
            ("aof_enabled:1", "aof_enabled:0", "always", "persistence", .fault),
            ("aof_last_write_status:ok", "aof_last_write_status:err", "always", "persistence", .fault),
            ("aof_last_bgrewrite_status:ok", "aof_last_bgrewrite_status:err", "always", "persistence", .fault),
            ("", "", "everysec", "persistence", .warning), ("", "", "", "persistence", .unknown),
            ("maxmemory_policy:noeviction", "maxmemory_policy:allkeys-lru", "always", "eviction", .fault),
            ("maxmemory:1398102", "maxmemory:1376256", "always", "memory", .fault),
            ("maxmemory:1398102", "maxmemory:0", "always", "memory", .warning), ("used_memory:1048576", "", "always", "memory", .unknown),
            ("used_memory:1048576", "used_memory:9223372036854775807", "always", "memory", .fault),
        ])
    func `the settings of Redis are judged one by one`(
        _ good: String, _ bad: String, _ appendfsync: String, _ check: String, _ verdict: Diagnosis.Verdict
    ) {
        let text = good.isEmpty ? Self.healthy : Self.healthy.replacing(good, with: bad)
        let found = RedisChecks(info: RedisInfo(text), appendfsync: appendfsync.isEmpty ? nil : appendfsync).all.filter { $0.verdict != .ok }
        #expect(found.map(\.check) == [check] && found.map(\.verdict) == [verdict])
        #expect(found.allSatisfy { !$0.finding.isEmpty && ($0.verdict == .unknown || !$0.advice.isEmpty) })
    }

    @Test func `a Redis as it should be has nothing to be told of, up to three quarters of its memory`() {
        let checks = RedisChecks(info: RedisInfo(Self.healthy), appendfsync: "always").all
        #expect(checks.allSatisfy { $0.verdict == .ok && $0.advice.isEmpty } && checks.map(\.check) == RedisChecks.names)
    }

    // MARK: The flow

    private nonisolated static func lag(
        without missing: String = "", waiting: UInt64 = 0, storing: UInt64 = 0, dead: Int = 0, pause: PauseRecord? = nil
    ) -> PipelineLag {
        let streams = [("accepted", "router"), ("routed", "executor"), ("events", "persist")].map { name, group in
            let entry = StreamLag.Group(
                name: group, lag: 3, lagKnown: true, pending: 4, oldestWaitingMs: group == "router" ? waiting : 0,
                oldestPendingMs: group == "persist" ? storing : 0, entriesRead: 1, knownConsumers: 1)
            return StreamLag(stream: name, key: "k:\(name)", length: 9, groups: group == missing ? [] : [entry])
        }
        return PipelineLag(streams: streams, retriesWaiting: 0, retriesDue: 0, deadLetters: dead, pause: pause)
    }

    private nonisolated static let one = PartitionStanding(count: 1)
    private nonisolated static let everyone = ["gateway": 1, "router": 1, "executor": 1, "notifier": 1]

    @Test(
        arguments: [
            (lag(without: "executor"), everyone, "groups", Diagnosis.Verdict.fault, "executor of k:routed"),
            (lag(), ["gateway": 1, "router": 1, "notifier": 1], "services", .fault, "no executor is alive"),
            (lag(waiting: 30_001), everyone, "backlog", .warning, "3 on accepted, the oldest 30 s"),
            (lag(storing: 5_001), everyone, "postgres-behind", .fault, "by 7 events, the oldest 5 s"),
            (lag(dead: 1), everyone, "dead-letters", .warning, "1 entry could"),
            (lag(pause: PauseRecord(since: 0, reason: "upgrade")), everyone, "door", .warning, "(upgrade)"),
        ])
    func `the flow is judged by what is missing, late or put aside`(
        _ lag: PipelineLag, _ alive: [String: Int], _ check: String, _ verdict: Diagnosis.Verdict, _ words: String
    ) {
        let found = PipelineChecks(lag: lag, alive: alive, partitions: Self.one).all.filter { $0.verdict != .ok }
        #expect(found.map(\.check) == [check] && found.map(\.verdict) == [verdict])
        #expect(found.allSatisfy { $0.finding.contains(words) && !$0.advice.isEmpty }, "\(found)")
    }

    @Test func `at the limits nothing is late`() {
        #expect(
            PipelineChecks(lag: Self.lag(waiting: 30_000, storing: 5_000), alive: Self.everyone, partitions: Self.one).all.allSatisfy {
                $0.verdict == .ok
            })
    }

    @Test(arguments: [(0, true), (2000, true), (-2000, true), (2001, false), (-2001, false)])
    func `a clock may be two seconds off`(_ difference: Int64, _ isWell: Bool) {
        let diagnosis = ClockCheck(redisMs: 10_000, others: [("the gateway", 10_000), ("Postgres", 10_000 + difference)]).diagnosis
        #expect((diagnosis.verdict == .ok) == isWell)
        #expect(isWell || diagnosis.finding.contains(difference < 0 ? "Postgres's is 2 s behind" : "Postgres's is 2 s ahead"))
    }

    @Test func `a clock of Redis that was set back is said, however the others are`() {
        let diagnosis = ClockCheck(redisMs: 10_000, setBackMs: 3_600_000, others: [("the gateway", 3_610_000)]).diagnosis
        #expect(diagnosis.verdict == .warning && diagnosis.finding.contains("set back by 3600 s") && !diagnosis.advice.isEmpty)
        #expect(ClockCheck(redisMs: 10_000, setBackMs: 2000, others: [("the gateway", 10_000)]).diagnosis.verdict == .ok)
    }

    // MARK: The report

    private func verdicts(_ answer: Answer) -> [String: String] {
        let pairs = (answer["checks"]?.array ?? []).map { ($0["check"]?.string ?? "", $0["verdict"]?.string ?? "") }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    private func finding(_ answer: Answer, _ check: String) -> String {
        answer["checks"]?.array?.first { $0["check"]?.string == check }?["finding"]?.string ?? ""
    }

    /// Places an old order that Postgres has, and Redis too unless the test says otherwise.
    private func place(_ test: TestProcess<GatewaySettings>, _ store: OrderStore, inRedis: Bool = true) async throws -> Order {
        let order = Samples.order()
        if inRedis { try await test.accept(order) }
        let event = OrderEvent(
            orderId: order.id, seq: 1, type: .pending, status: .pending, progress: 0, timestamp: "2026-01-10T07:30:17.789Z", message: "m")
        try await store.save(order, [event])
        return order
    }

    @Test func `an order for which nothing stands is stuck, one that a worker holds only after a while, one that waits never`() async throws {
        try await withStore { store, database in
            try await withGateway(["DATABASE_URL": database]) { test, http in
                let order = try await place(test, store)
                try await eventually { verdicts(try await http.get("/api/doctor"))["postgres"] == "ok" }
                #expect(verdicts(try await http.get("/api/doctor?stuckAfterSeconds=1"))["stuck-orders"] == "ok")
                let entry = try await test.take(.router)
                #expect(verdicts(try await http.get("/api/doctor"))["stuck-orders"] == "ok")
                try await sleep(for: .milliseconds(1050))
                let held = try await http.get("/api/doctor?stuckAfterSeconds=1")
                #expect(finding(held, "stuck-orders") == "1 order is stuck: \(order.id) (pending)" && held["healthy"]?.bool == false)
                _ = try await test.redis.send(["XACK", test.keys.accepted, "router", entry.entry])
                let orphan = try await http.get("/api/doctor")
                #expect(finding(orphan, "stuck-orders") == "1 order is stuck: \(order.id) (pending)")
                _ = try await test.pipeline.cancel(order.id)
                #expect(verdicts(try await http.get("/api/doctor"))["stuck-orders"] == "ok")
                let gone = try await place(test, store, inRedis: false)
                #expect(finding(try await http.get("/api/doctor"), "lost-orders") == "1 order is in Postgres but not in Redis: \(gone.id) (pending)")
            }
        }
    }

    @Test func `without Postgres the rest is looked at all the same; a time that is none is refused`() async throws {
        try await withGateway { _, http in
            let answer = try await http.get("/api/doctor")
            let verdicts = verdicts(answer)
            #expect(answer.status == 200 && answer["healthy"]?.bool == false)
            #expect(
                verdicts["postgres"] == "fault" && verdicts["groups"] == "ok" && verdicts["services"] == "fault"
                    && verdicts["stuck-orders"] == "unknown")
            for text in ["", "86400"] { #expect(try await http.get("/api/doctor?stuckAfterSeconds=\(text)").status == 200) }
            for text in ["0", "86401", "x"] { #expect(try await http.get("/api/doctor?stuckAfterSeconds=\(text)").status == 400) }
        }
    }

    private func withUser(
        _ rules: [String], _ given: RedisServer? = nil, _ body: @ServiceActor (TestProcess<GatewaySettings>, HTTPExchange) async throws -> Void
    ) async throws {
        let server = if let given { given } else { try await RedisServer.start(appendonly: false) }
        try await withProcess(RouterSettings.self, server: server) { admin in
            _ = try await admin.redis.send(["ACL", "SETUSER", "engine", "on", "nopass"] + rules)
            let test = try await unconnectedGateway(redis: "redis://engine@127.0.0.1:\(server.port)")
            let process = test.process
            process.redis.onConnect = { _ in _ = try? await process.readiness.prepare {} }
            let running = Loop.spawn { await process.redis.run() }
            try await eventually { process.redis.hasConnection && (process.redisTrouble == nil || process.readiness.defect != nil) }
            try await withServer(process) { try await body(test, $0) }
            process.readiness.stop()
            process.redis.close()
            await running.value
        }
        try await server.stop()
    }

    @Test func `what the doctor may not ask is unknown, with Redis' own words; no check is missing, and nothing is called away`() async throws {
        try await withUser(["~*", "&*", "+@all", "-@dangerous"]) { _, http in
            let answer = try await http.get("/api/doctor")
            let verdicts = verdicts(answer)
            for check in RedisChecks.names { #expect(verdicts[check] == "unknown" && finding(answer, check).contains("NOPERM"), "\(check)") }
            #expect(verdicts["redis"] == "ok" && verdicts["groups"] == "ok" && verdicts["backlog"] == "ok" && verdicts["door"] == "ok")
            #expect(verdicts.count == 21 && !answer.body.contains("Redis is away"))
        }
    }

    @Test func `where only CONFIG GET is refused, the check of persistence says so in Redis' own words, and with which right it is answered`()
        async throws
    {
        let server = try await RedisServer.start()
        try await withUser(["~*", "&*", "+@all", "-config"], server) { _, http in
            let answer = try await http.get("/api/doctor")
            let check = try #require(answer["checks"]?.array?.first { $0["check"]?.string == "persistence" })
            #expect(check["verdict"]?.string == "unknown" && check["advice"]?.string?.contains("+config|get") == true, "\(check)")
            #expect(check["finding"]?.string?.contains(": NOPERM ") == true && check["finding"]?.string?.contains("config") == true, "\(check)")
            #expect(verdicts(answer)["redis-version"] == "ok")
        }
    }

    @Test(
        arguments: [
            (["~*", "+@all"], "PUBLISH updates:", "its rights"), (["~*", "&*", "+@all", "-evalsha"], "evalsha", "its rights"),
        ])
    func `a right without which the engine does not work is the fault, and named`(_ rules: [String], _ words: String, _ advice: String) async throws {
        try await withUser(rules) { _, http in
            let answer = try await http.get("/api/doctor")
            #expect(verdicts(answer)["redis"] == "fault" && finding(answer, "redis").contains(words))
            #expect(answer["checks"]?.array?.first?["advice"]?.string?.contains(advice) == true)
            #expect(verdicts(answer).count == 21 && !answer.body.contains("is away, and"))
        }
    }

    @Test func `an answer that Redis refuses says so in its words, with a code of its own`() async throws {
        try await withUser(["~*", "&*", "+@all", "-evalsha", "-hgetall"]) { _, http in
            let letters = try await http.get("/api/dead-letters")
            #expect(letters.status == 503 && letters["code"]?.string == "REDIS_REFUSED")
            #expect(letters["error"]?.string?.contains("NOPERM this user has no permissions to run the 'evalsha' command") == true)
            for path in ["/api/streams", "/api/orders/\(Samples.id())"] {
                let answer = try await http.get(path)
                #expect(answer.status == 503 && answer["code"]?.string == "REDIS_REFUSED", "\(path): \(answer.body)")
            }
            #expect(try await http.get("/api/dead-letters?cursor=0-18446744073709551615-18446744073709551615").status == 400)
        }
    }

    @Test func `a process that is alive and cannot work is named with its reason`() {
        let troubles = ["router-a: the user of REDIS_URL may not do all that the engine does: PUBLISH updates:x"]
        let found = PipelineChecks(lag: Self.lag(), alive: Self.everyone, troubles: troubles, partitions: Self.one).all.filter { $0.verdict != .ok }
        #expect(found.map(\.check) == ["services"] && found[0].verdict == .fault && found[0].finding.contains("router-a: the user"))
    }

    @Test(arguments: [
        (PartitionStanding(count: 1, waitingFor: ["router-old"]), Diagnosis.Verdict.fault, "router-old"),
        (PartitionStanding(count: 1, growingTo: 8, waitingFor: ["router-old"]), .warning, "grows from 1 to 8 partitions and waits for router-old"),
        (PartitionStanding(count: 1, growingTo: 8), .warning, "grows from 1 to 8 partitions"),
        (PartitionStanding(count: 8, outdated: ["router-old"]), .warning, "started with another PARTITIONS than 8: router-old"),
    ])
    func `a process that does not read all partitions is named`(_ standing: PartitionStanding, _ verdict: Diagnosis.Verdict, _ words: String) {
        let found = PipelineChecks(lag: Self.lag(), alive: Self.everyone, partitions: standing).all.filter { $0.verdict != .ok }
        #expect(found.map(\.check) == ["partitions"] && found[0].verdict == verdict && found[0].finding.contains(words))
    }

    @Test func `a process without keys beside others with keys is named`() {
        let checks = PipelineChecks(lag: Self.lag(), alive: Self.everyone, partitions: Self.one, openBesideKeyed: ["notifier-b"])
        let found = checks.all.filter { $0.verdict != .ok }
        #expect(found.map(\.check) == ["access"] && found[0].verdict == .fault && found[0].finding.contains("notifier-b"))
    }

    @Test func `the doctor sees who has woken up with another version`() async throws {
        try await withGateway { test, http in
            let old = Heartbeat(redis: test.redis, service: "router", name: "router-old") { ["partitions": "1"] }
            await old.beat()
            let checks = try await http.get("/api/doctor")["checks"]?.array ?? []
            let sharing = try #require(checks.first { $0["check"]?.string == "partitions" })
            #expect(sharing["verdict"]?.string == "fault")
            #expect(sharing["finding"]?.string?.contains("router-old") == true, "\(sharing)")
            await old.end()
        }
    }

    @Test(
        arguments: [
            ("Redis is away", "Start Redis"), ("Redis gave no answer", "stopped"), ("Redis refuses it (NOPERM x)", "its rights"),
            ("Redis refuses it (MOVED 1 h:1)", "redis+cluster"), ("Redis is not ready (CLUSTERDOWN x)", "no master"),
            ("Redis is not ready (READONLY x)", "master"), ("Redis is not ready (ERR max number of clients reached)", "maxclients"),
            ("Redis refuses it (DENIED x)", "password"), ("Redis refuses the login (WRONGPASS x)", "REDIS_URL"),
            ("this process is stopping", "Ask again"), ("too many commands to Redis are under way in this process", "Run more"),
            ("Redis is not ready (MISCONF x)", "disk"), ("Redis is not ready (LOADING x)", "Wait"), ("Redis refuses it (ODD x)", "own words"),
        ])
    func `each reason for which Redis does not serve has its own advice`(_ trouble: String, _ words: String) {
        let diagnosis = RedisStanding(trouble: trouble).diagnosis
        #expect(diagnosis.verdict == .fault && diagnosis.finding.hasPrefix(trouble) && diagnosis.advice.contains(words))
    }

    @Test func `without Redis that is the fault, and there is a report all the same`() async throws {
        try await withServer(try await unconnectedGateway().process) { http in
            let answer = try await http.get("/api/doctor")
            #expect(answer.status == 200 && answer["healthy"]?.bool == false && verdicts(answer)["redis"] == "fault")
        }
    }
}
