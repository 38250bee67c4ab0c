import EventLoop
import JSON
import TestSupport
import Testing

@Suite("Cancelling and deadlines", .onLoop) @ServiceActor
struct CancelTests {
    @Test(.engine(replicas: [.executor: 0]))
    func `An order is cancelled while nothing is under way, is never filled then, and cannot be called back later`() async throws {
        let engine = Engine.current
        let early = try await engine.place()
        try await engine.wait(early, for: ["routed"])
        try await expectCancelled(early)

        // An order that waits for its second attempt.
        let failing = try await engine.stack.start(.executor, settings: ["MOCK_FAILURE_RATE": "1", "RETRY_BASE_MS": "30000"])
        let waiting = try await engine.place()
        try await engine.wait(waiting, for: ["waiting"])
        try await expectCancelled(waiting)
        try await engine.stack.kill(.executor, failing)

        try await engine.stack.start(.executor, settings: ["MOCK_SWAP_LATENCY_MS": "2000"])
        let late = try await engine.place()
        try await engine.wait(late, for: ["submitted"])
        try await expectRefused(late, 409, "ORDER_SUBMITTED")
        try await engine.audit([early, waiting, late])
        try await expectRefused(late, 409, "ORDER_FINAL")
        #expect(try await engine.state(late) == "confirmed")
        try await expectRefused("0198c1f2-0000-7000-8000-00000000abcd", 404, "UNKNOWN_ORDER")
        try await expectRefused("x", 400, "BAD_REQUEST")
    }

    private func expectCancelled(_ id: String) async throws {
        for _ in 0..<2 {
            let answer = try await Engine.current.send("DELETE", "/api/orders/\(id)")
            #expect(answer.status == 200 && answer.json["status"]?.string == "cancelled" && answer.json["orderId"]?.string == id)
        }
        let last = try await Engine.current.events(id).last.map { try JSONValue.parse($0) }
        #expect(last.map(Step.init) == Step("cancelled", "cancelled", 0) && last?["message"]?.string == "Order cancelled")
    }

    private func expectRefused(_ id: String, _ status: Int, _ code: String) async throws {
        let answer = try await Engine.current.send("DELETE", "/api/orders/\(id)")
        #expect(answer.status == status && answer.json["code"]?.string == code, "\(answer.text)")
    }

    @Test(.engine(replicas: [.router: 0]))
    func `An order that no router has read is cancelled, and the router that reads it later leaves it alone`() async throws {
        let engine = Engine.current
        let id = try await engine.place()
        try await expectCancelled(id)
        try await engine.stack.start(.router)
        try await engine.audit([id])
        #expect(try await engine.events(id).count == 2)
    }

    @Test(.engine(replicas: [.executor: 0]))
    func `Past its deadline an order that nobody has executed fails, and is not executed later`() async throws {
        let engine = Engine.current
        let id = try await engine.place(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"deadline":1}"#)
        let told = try await engine.socket("/v1/stream?orderId=\(id)").conversation()
        #expect(told.closeCode == 1000)
        let last = told.json.last?["event"]
        #expect(last?["error"]?["code"]?.string == "DEADLINE_EXCEEDED" && last?["status"]?.string == "failed")
        #expect(last?["error"]?["retryable"]?.bool == false && last?["totalAttempts"]?.integer == 1)
        try await engine.stack.start(.executor)
        try await engine.audit([id])
    }
}
