import EventLoop
import JSON
import TestSupport
import Testing

@Suite("Load", .onLoop) @ServiceActor
struct LoadTests {
    @Test(.engine(replicas: [.gateway: 2, .router: 2, .executor: 2, .notifier: 2], settings: ["MOCK_FAILURE_RATE": "0.05"]))
    func `Of 200 orders at once with 5 % failures each ends, none is missing, none lands twice`() async throws {
        let engine = Engine.current
        let ids = try await together(200) { try await engine.place(gateway: 1 + $0 % 2) }
        #expect(Set(ids).count == 200)
        try await engine.audit(ids)
        var attempts: [Int64: Int] = [:]
        for id in ids {
            let shown = try await engine.show(id)
            let events = try await engine.events(id).map { try JSONValue.parse($0) }
            let failures = events.count { $0["type"]?.string == "execution-failed" }
            let isConfirmed = shown["status"]?.string == "confirmed"
            #expect(isConfirmed || shown["status"]?.string == "failed")
            #expect(shown["attempts"]?.integer == Int64(failures + (isConfirmed ? 1 : 0)), "\(id)")
            if !isConfirmed { #expect(events.last?["totalAttempts"]?.integer == 3) }
            attempts[shown["attempts"]?.integer ?? 0, default: 0] += 1
        }
        // On average 10 of 200 orders fail at their first attempt. A run in which none fails comes once in 28,000.
        #expect(attempts.keys.contains(2))
    }
}
