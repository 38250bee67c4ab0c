import Configuration
import EventLoop
import JSON
import Orders
import Redis
import ServiceKit
import Storage
import TestSupport
import Testing

@testable import GatewayService
@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct DoctorTests {
    private static let healthy =
        "redis_version:7.0.15\r\naof_enabled:1\r\naof_last_write_status:ok\r\naof_last_bgrewrite_status:ok\r\n"
        + "maxmemory_policy:noeviction\r\nused_memory:1048576\r\nmaxmemory:0\r\n"

    @Test(
        "the settings of Redis are judged one by one",
        arguments: [
            ("redis_version:7.0.15", "redis_version:6.2.1", "always", "redis-version", Diagnosis.Verdict.fault),
            ("redis_version:7.0.15", "", "always", "redis-version", .unknown),
            ("aof_enabled:1", "aof_enabled:0", "always", "persistence", .fault),
            ("aof_last_write_status:ok", "aof_last_write_status:err", "always", "persistence", .fault),
            ("aof_last_bgrewrite_status:ok", "aof_last_bgrewrite_status:err", "always", "persistence", .fault),
            ("", "", "everysec", "persistence", .warning), ("", "", "", "persistence", .unknown),
            ("maxmemory_policy:noeviction", "maxmemory_policy:allkeys-lru", "always", "eviction", .fault),
            ("maxmemory:0", "maxmemory:1376256", "always", "memory", .fault),
        ])
    func redis(_ good: String, _ bad: String, _ appendfsync: String, _ check: String, _ verdict: Diagnosis.Verdict) {
        let text = good.isEmpty ? Self.healthy : Self.healthy.replacing(good, with: bad)
        let found = RedisChecks(info: RedisInfo(text), appendfsync: appendfsync.isEmpty ? nil : appendfsync).all.filter { $0.verdict != .ok }
        #expect(found.map(\.check) == [check] && found.map(\.verdict) == [verdict])
        #expect(found.allSatisfy { !$0.finding.isEmpty && ($0.verdict == .unknown || !$0.advice.isEmpty) })
    }

    @Test("a Redis as it should be has nothing to be told of, up to three quarters of its memory")
    func redisWell() {
        for limit in ["0", "1398102"] {
            let text = Self.healthy.replacing("maxmemory:0", with: "maxmemory:\(limit)")
            #expect(RedisChecks(info: RedisInfo(text), appendfsync: "always").all.allSatisfy { $0.verdict == .ok && $0.advice.isEmpty })
        }
    }

    // MARK: The flow

    private nonisolated static func lag(
        without missing: String = "", waiting: UInt64 = 0, storing: UInt64 = 0, dead: Int = 0, pause: Pause? = nil
    ) -> PipelineLag {
        let streams = [("accepted", "router"), ("routed", "executor"), ("events", "persist")].map { name, group in
            let entry = StreamLag.Group(
                name: group, lag: 3, lagKnown: true, pending: 4, oldestWaitingMs: group == "router" ? waiting : 0,
                oldestPendingMs: group == "persist" ? storing : 0, entriesRead: 1, knownConsumers: 1)
            return StreamLag(stream: name, key: "k:\(name)", length: 9, groups: group == missing ? [] : [entry])
        }
        return PipelineLag(streams: streams, retriesWaiting: 0, retriesDue: 0, deadLetters: dead, pause: pause)
    }

    private nonisolated static let everyone = ["gateway": 1, "router": 1, "executor": 1, "notifier": 1]

    @Test(
        "the flow is judged by what is missing, late or put aside",
        arguments: [
            (lag(without: "executor"), everyone, "groups", Diagnosis.Verdict.fault, "executor of k:routed"),
            (lag(), ["gateway": 1, "router": 1, "notifier": 1], "services", .fault, "no executor is alive"),
            (lag(waiting: 30_001), everyone, "backlog", .warning, "3 on accepted, the oldest 30 s"),
            (lag(storing: 5_001), everyone, "postgres-behind", .fault, "by 7 events, the oldest 5 s"),
            (lag(dead: 1), everyone, "dead-letters", .warning, "1 entry could"),
            (lag(pause: Pause(since: 0, reason: "upgrade")), everyone, "door", .warning, "(upgrade)"),
        ])
    func flow(_ lag: PipelineLag, _ alive: [String: Int], _ check: String, _ verdict: Diagnosis.Verdict, _ words: String) {
        let found = PipelineChecks(lag: lag, alive: alive).all.filter { $0.verdict != .ok }
        #expect(found.map(\.check) == [check] && found.map(\.verdict) == [verdict])
        #expect(found.allSatisfy { $0.finding.contains(words) && !$0.advice.isEmpty }, "\(found)")
    }

    @Test("at the limits nothing is late")
    func flowWell() {
        #expect(PipelineChecks(lag: Self.lag(waiting: 30_000, storing: 5_000), alive: Self.everyone).all.allSatisfy { $0.verdict == .ok })
    }

    @Test("a clock may be two seconds off", arguments: [(0, true), (2000, true), (-2000, true), (2001, false), (-2001, false)])
    func clock(_ difference: Int64, _ isWell: Bool) {
        let diagnosis = ClockCheck(redisMs: 10_000, others: [("the gateway", 10_000), ("Postgres", 10_000 + difference)]).diagnosis
        #expect((diagnosis.verdict == .ok) == isWell)
        #expect(isWell || diagnosis.finding.contains(difference < 0 ? "Postgres's is 2 s behind" : "Postgres's is 2 s ahead"))
    }

    @Test("a clock of Redis that was set back is said, however the others are")
    func clockSetBack() {
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

    /// An order of long ago that Postgres has, and so has Redis unless told otherwise.
    private func place(_ test: TestProcess<GatewaySettings>, _ store: OrderStore, inRedis: Bool = true) async throws -> Order {
        let order = Samples.order()
        if inRedis { try await test.accept(order) }
        let event = OrderEvent(
            orderId: order.id, seq: 1, type: .pending, status: .pending, progress: 0, timestamp: "2026-01-10T07:30:17.789Z", message: "m")
        try await store.append([StoredEvent(orderID: order.id.description, seq: 1, event: event.json, order: order.json)])
        return order
    }

    @Test("an order for which nothing stands is stuck, one that a worker holds only after a while, one that waits never")
    func stuckOrders() async throws {
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

    @Test("without Postgres the rest is looked at all the same; a time that is none is refused")
    func withoutPostgres() async throws {
        try await withGateway { _, http in
            let answer = try await http.get("/api/doctor")
            let verdicts = verdicts(answer)
            #expect(answer.status == 200 && answer["healthy"]?.bool == false)
            #expect(
                verdicts["postgres"] == "fault" && verdicts["groups"] == "ok" && verdicts["services"] == "fault" && verdicts["stuck-orders"] == nil)
            for text in ["", "86400"] { #expect(try await http.get("/api/doctor?stuckAfterSeconds=\(text)").status == 200) }
            for text in ["0", "86401", "x"] { #expect(try await http.get("/api/doctor?stuckAfterSeconds=\(text)").status == 400) }
        }
    }

    @Test("without Redis that is the fault, and there is a report all the same")
    func withoutRedis() async throws {
        let files = ["TOKENS_FILE": packageRoot + "/config/tokens.json", "POOLS_FILE": packageRoot + "/config/pools.json"]
        let settings = try load(GatewaySettings.self, redis: "redis://127.0.0.1:1", files)
        let process = ServiceProcess.unconnected(settings)
        _ = try await Gateway(settings: settings, process: process)
        try await withServer(process) { http in
            let answer = try await http.get("/api/doctor")
            #expect(answer.status == 200 && answer["healthy"]?.bool == false && verdicts(answer)["redis"] == "fault")
        }
    }
}
