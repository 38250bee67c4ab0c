import Configuration
import EventLoop
import Glibc
import JSON
import Observability
import Redis
import TestSupport
import Testing

@testable import Pipeline
@testable import ServiceKit

@Suite(.onLoop) @ServiceActor
struct ServiceProcessTests {
    private func process() throws -> ServiceProcess { .unconnected(try load(RouterSettings.self, redis: "redis://127.0.0.1:1", [:])) }

    @Test func `a process is named by service, host and a random part, so that no two have one name`() throws {
        let names = try (0..<50).map { _ in try process().name }
        #expect(Set(names).count == 50)
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, 255)
        let prefix = "router-" + String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + "-"
        #expect(names.allSatisfy { $0.hasPrefix(prefix) && $0.utf8.count > prefix.utf8.count })
    }

    @Test func `the metrics are text that Prometheus reads: a head before each family, each once, and numbers`() async throws {
        let process = try process()
        process.addAdminRoutes()
        process.observer.received(stream: "orders:{0}:accepted", count: 2, claimed: false)
        process.observer.buried(entry: "1-1", stream: "orders:{0}:accepted", order: nil, reason: "a \"quoted\" \\ reason")
        try await withServer(process) { http in
            _ = try await http.get("/health/live")
            let answer = try await http.get("/metrics")
            #expect(answer.status == 200 && answer.header("Content-Type") == PrometheusText.contentType)
            try expectPrometheus(answer.body)
            #expect(answer.body.contains(#"stream_entries_total{stream="orders:{0}:accepted",outcome="read"} 2"#))
            #expect(answer.body.contains(#"dead_letters_total{reason="a \"quoted\" \\ reason"} 1"#))
            #expect(answer.body.contains(#"http_requests_total{route="/health/live",code="200"} 1"#))
            #expect(answer.body.contains(#"order_engine_build_info{service="router",version="\#(ServiceProcess.version)"} 1"#))
        }
    }

    @Test func `a clock of Redis that was set back, and what Redis refused within a script, show in the metrics`() async throws {
        try await withProcess(RouterSettings.self) { test async throws in
            test.process.addAdminRoutes()
            func metrics() async throws -> String {
                var body = ""
                try await withServer(test.process) { http in body = try await http.get("/metrics").body }
                return body
            }
            #expect(try await metrics().contains("redis_clock_set_back_seconds 0\n"))
            let highest = String(try await test.pipeline.time() + 3_600_000)
            _ = try await test.redis.send(["HSET", "orders:{services}:clock", "highest", highest])
            await test.process.heartbeat.beat()
            #expect(test.pipeline.isClockSetBack)
            let seconds = try await metrics().split(separator: "\n").first { $0.hasPrefix("redis_clock_set_back_seconds ") }
            #expect((3590...3600).contains(seconds?.split(separator: " ").last.flatMap { Double($0) } ?? 0))

            test.pipeline.onOmission?(ScriptOmission(kind: .unpublished, script: "step", count: 2, reason: "NOPERM"))
            #expect(try await metrics().contains(#"pipeline_omissions_total{kind="unpublished",script="step"} 2"#))
            _ = try await test.redis.send(["DEL", "orders:{services}:clock"])
            await test.process.heartbeat.beat()
            #expect(!test.pipeline.isClockSetBack)
        }
    }

    /// Checks what promtool checks of the text format.
    private func expectPrometheus(_ text: String) throws {
        #expect(text.hasSuffix("\n"))
        var types: [String: String] = [:]
        var family = ""
        var samples: Set<String> = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            if line.hasPrefix("# HELP ") {
                family = String(words[2])
                #expect(types[family] == nil && words.count > 3, "\(line)")
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == family && ["counter", "gauge", "histogram"].contains(words[3]), "\(line)")
                types[family] = String(words[3])
            } else {
                let name = String(line.prefix { $0 != "{" && $0 != " " })
                let suffixes = types[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                #expect(suffixes.contains { name == family + $0 }, "\(line) is not of \(family)")
                if types[family] == "counter" { #expect(family.hasSuffix("_total"), "\(line)") }
                let value = try #require(words.last)
                #expect(Double(value) != nil, "\(line)")
                #expect(samples.insert(String(line.dropLast(value.utf8.count))).inserted, "\(line) stands twice")
            }
        }
        #expect(samples.count > 20)
    }

    @Test func `a process is alive before Redis is there, and ready only when started, connected and not stopping`() async throws {
        let process = try process()
        process.addAdminRoutes()
        var isConnected = false
        process.health.add("redis", .readiness) { isConnected ? .passing : .failing("Redis is away") }
        try await withServer(process) { http in
            #expect(try await http.get("/health/live").status == 200)
            #expect(try await http.get("/health/ready").status == 503)
            process.health.markStarted()
            let away = try await http.get("/health/ready")
            #expect(away.status == 503 && away["checks"]?["redis"]?["reason"]?.string == "Redis is away")
            isConnected = true
            #expect(try await http.get("/health/ready").status == 200)
            process.health.markStopping()
            #expect(try await http.get("/health/ready").status == 503)
            #expect(try await http.get("/health/live").status == 200)
        }
    }

    @Test(arguments: [(1, 1000, 1200), (2, 2000, 2400), (3, 4000, 4800)])
    func `a retry waits its doubled base and at most the jitter's share more`(_ attempt: Int, _ least: UInt64, _ most: UInt64) throws {
        let retry = try load(RouterSettings.self, redis: "redis://127.0.0.1:1", [:]).retry
        let delays = (0..<200).map { _ in retry.delay(afterAttempt: attempt) }
        #expect(delays.allSatisfy { (least...most).contains($0) })
        #expect(Set(delays).count > 20)
    }
}

@Suite(.onLoop) @ServiceActor
struct RedisClockTests {
    @Test func `the clock of a process is never ahead of Redis, so that no order is older than its first event`() async throws {
        let server = try await RedisServer.start(appendonly: false)
        try await withProcess(RouterSettings.self, server: server) { test in
            // Redis holds the heartbeat back, as it does while its disk is slow, and answers with the time at the end.
            _ = try await test.redis.send(["CLIENT", "PAUSE", "50", "WRITE"])
            await test.process.heartbeat.beat()
            let now = try #require(test.process.heartbeat.clock.now)
            let time = try await test.now()
            #expect(Int64(now) <= time)
        }
        try await server.stop()
    }
}
