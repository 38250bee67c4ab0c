import EventLoop
import TestSupport
import Testing

@Suite("Rate limit", .onLoop) @ServiceActor
struct RateLimitTests {
    @Test(.engine(replicas: [.executor: 2], settings: ["ORDERS_PER_MINUTE": "5"]))
    func `With five orders a minute only five of twelve begin on two executors`() async throws {
        let engine = Engine.current
        let ids = try await engine.place(count: 12)
        func states() async throws -> [String] { try await together(12) { try await engine.state(ids[$0]) ?? "" } }
        try await eventually(within: .seconds(40)) { try await states().count { $0 == "confirmed" } == 5 }
        // No signal says that a sixth order does not begin. Both executors ask for places more than once in this time.
        try await sleep(for: .seconds(3))
        #expect(try await states().sorted() == Array(repeating: "confirmed", count: 5) + Array(repeating: "routed", count: 7))
    }
}
