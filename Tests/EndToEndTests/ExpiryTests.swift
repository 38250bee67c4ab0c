import EventLoop
import JSON
import TestSupport
import Testing

@Suite("Expiry", .onLoop) @ServiceActor
struct ExpiryTests {
    @Test(.engine(settings: ["ORDER_STATE_TTL_S": "1"]))
    func `An order that has left Redis is shown, replayed and refused to be cancelled as before`() async throws {
        let engine = Engine.current
        let id = try await engine.place(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":"0.10","userId":"ann","clientOrderId":"mine"}"#)
        let live = try await engine.socket("/v1/stream?orderId=\(id)").conversation()
        let shown = try await engine.show(id)
        #expect(live.messages.count == 7 && shown["status"]?.string == "confirmed")
        try await eventually { try await engine.record(id).isEmpty }

        #expect(try await engine.show(id) == shown)
        let replayed = try await engine.socket("/v1/stream?orderId=\(id)").conversation()
        #expect(sorted(replayed) == sorted(live) && replayed.closeCode == 1000)
        let cancelled = try await engine.send("DELETE", "/api/orders/\(id)")
        #expect(cancelled.status == 409 && cancelled.json["code"]?.string == "ORDER_FINAL")
        // The key outlives the order's state.
        let again = try await engine.post(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":0.1,"userId":"ann"}"#, key: "mine")
        #expect(again.status == 202 && again.header("Idempotent-Replayed") == "true" && again.json["orderId"]?.string == id)
        try await engine.waitUntilIdle()
    }

    /// The members of each event, because Postgres keeps them in an order of its own.
    private func sorted(_ conversation: Conversation) -> [Set<JSONMember>] {
        conversation.json.map { message in Set((message["event"]?.object ?? []).map { JSONMember($0.name, normal($0.value)) }) }
    }

    private func normal(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members): .object(members.map { JSONMember($0.name, normal($0.value)) }.sorted { $0.name < $1.name })
        case .array(let elements): .array(elements.map(normal))
        default: value
        }
    }
}
