import Testing

@testable import Observability

@Suite struct HealthTests {
    private let health = HealthRegistry()

    @Test func `a process is ready from its start to its stop, and alive throughout`() {
        #expect(!health.readiness.isPassing)
        #expect(health.liveness.isPassing)
        health.markStarted()
        #expect(health.readiness.isPassing)
        health.markStopping()
        health.markStarted()
        #expect(!health.readiness.isPassing)
        #expect(health.liveness.isPassing)
    }

    @Test func `a failing readiness check takes readiness only`() {
        var redis = HealthStatus.passing
        health.add("redis", .readiness) { redis }
        health.markStarted()
        #expect(health.readiness.json == #"{"status":"ok","checks":{"redis":{"status":"ok"}}}"#)
        redis = .failing("not \"connected\"")
        #expect(health.readiness.json == #"{"status":"degraded","checks":{"redis":{"status":"failing","reason":"not \"connected\""}}}"#)
        #expect(health.liveness.json == #"{"status":"ok","checks":{}}"#)
    }

    @Test func `a failing liveness check takes both`() {
        health.add("loop", .liveness) { .failing("stuck for 12 s") }
        health.markStarted()
        #expect(!health.liveness.isPassing)
        #expect(!health.readiness.isPassing)
    }

    @Test func `what keeps a process from being ready is named`() {
        #expect(health.readiness.json == #"{"status":"degraded","checks":{"started":{"status":"failing","reason":"not yet"}}}"#)
        health.markStopping()
        #expect(health.readiness.json.contains(#""stopping":{"status":"failing""#))
    }
}
