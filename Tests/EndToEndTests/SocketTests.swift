import EventLoop
import JSON
import TestSupport
import Testing

extension OneEngine {
    @Suite @ServiceActor
    struct Sockets {
        private let engine = Engine.current

        private func native(_ texts: some Sequence<String>) -> Conversation {
            Conversation(messages: texts.map { #"{"op":"event","event":\#($0)}"# }, closeCode: 1000)
        }

        @Test(arguments: [1, 2])
        func `A socket that comes after the order has ended gets all of it`(notifier: Int) async throws {
            let id = try await engine.place()
            try await engine.waitForEnd([id])
            let socket = try await engine.socket("/v1/stream?orderId=\(id)", notifier: notifier)
            #expect(try await socket.conversation().withoutOrders == native(try await engine.events(id)))
            let documents = try await engine.socket("/ws/orders/\(id)", notifier: notifier).conversation()
            #expect(documents.json.map { $0["status"]?.string } == ["pending", "routing", "routing", "building", "submitted", "confirmed"])
            #expect(documents.closeCode == 1000)
        }

        @Test(arguments: [0, 3, 6, 7])
        func `A socket resumes after the event it names`(after: Int) async throws {
            let id = try await engine.place()
            let live = try await engine.socket("/v1/stream?orderId=\(id)&after=\(after)")
            let ofLive = try await live.conversation()
            let events = try await engine.events(id)
            #expect(ofLive.withoutOrders == native(events.dropFirst(after)))
            let late = try await engine.socket("/v1/stream?orderId=\(id)&after=\(after)", notifier: 2)
            #expect(try await late.conversation().withoutOrders == native(events.dropFirst(after)))
        }

        @Test func `Many sockets on two notifiers get the same, whenever they came`() async throws {
            let id = try await engine.place()
            let conversations = try await together(20) { index in
                if index % 4 == 3 { try await engine.wait(id, for: ["submitted", "confirmed"]) }
                return try await engine.socket("/v1/stream?orderId=\(id)", notifier: 1 + index % 2).conversation()
            }
            let expected = native(try await engine.events(id))
            #expect(conversations.allSatisfy { $0.withoutOrders == expected })
        }

        @Test(arguments: ["/ws/orders/", "/v1/stream?orderId=", "/api/orders/execute?orderId=", "/api/orders/status/"])
        func `A socket of an order that nobody knows waits two seconds, then closes with 4404`(path: String) async throws {
            let start = MonotonicInstant.now
            let id = "0198c1f2-0000-7000-8000-\(String(UInt64.random(in: 0x1000_0000_0000...0xffff_ffff_ffff), radix: 16))"
            let socket = try await engine.socket(path + id)
            let conversation = try await socket.conversation()
            #expect(conversation.closeCode == 4404)
            // The progress dialect greets before anything is known of the order.
            #expect(conversation.json.map { $0["type"]?.string } == (path == "/api/orders/status/" ? ["connection", "subscribed"] : []))
            #expect(start.elapsed >= .milliseconds(1900) && start.elapsed < .seconds(10))
        }

        @Test(
            arguments: [
                "/ws/orders/42", "/v1/stream?orderId=", "/v1/stream?orderId=x", "/v1/stream?orderId=0198c1f2-0000-7000-8000-00000000abcd&after=-1",
                "/api/orders/execute", "/api/orders/execute?orderId=42", "/api/orders/status/42",
            ])
        func `A socket that names no order closes with 1008 and a reason`(path: String) async throws {
            guard case .close(let code, let reason) = try await engine.socket(path).next() else { throw TestFailure("not closed") }
            #expect(code == 1008 && !reason.isEmpty)
        }

        @Test func `A client of the snake case dialect has ten seconds to name its order, then is closed with 1008`() async throws {
            let id = try await engine.place()
            let (silent, late) = (try await engine.socket("/api/orders/status"), try await engine.socket("/api/orders/status", notifier: 2))
            let start = MonotonicInstant.now
            try await sleep(for: .seconds(8))
            try await late.send(text: id)
            #expect(try await late.conversation().json.last?["status"]?.string == "confirmed")
            #expect(try await silent.conversation() == Conversation(closeCode: 1008))
            #expect(start.elapsed > .seconds(9.5) && start.elapsed < .seconds(13))
        }

        @Test(arguments: ["/ws/orders/x", "/v1/stream", "/api/orders/status", "/api/orders/execute"])
        func `A socket's path without an upgrade is 426`(path: String) async throws {
            let answer = try await engine.send("GET", path)
            #expect(answer.status == 426 && answer.json["code"]?.string == "UPGRADE_REQUIRED")
        }
    }
}
