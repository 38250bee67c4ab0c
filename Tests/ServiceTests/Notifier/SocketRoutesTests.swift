import Configuration
import EventLoop
import HTTP
import JSON
import Observability
import Orders
import Redis
import ServiceKit
import TestSupport
import Testing

@testable import NotifierService
@testable import Pipeline

/// The sockets' paths behind a real server, with a history that the test controls.
@Suite(.onLoop) @ServiceActor
struct SocketRoutesTests {
    private func withSockets(
        _ body: @ServiceActor (TestProcess<NotifierSettings>, FakeHistory, OrderFeeds, UInt16) async throws -> Void
    ) async throws {
        try await withProcess(NotifierSettings.self) { test in
            let history = FakeHistory()
            let subscriber = test.process.connectSubscriber()
            let feeds = OrderFeeds(history: history, pipeline: test.pipeline, subscriber: subscriber, log: test.process.log)
            let sent = test.process.metrics.counters("socket_messages_total", help: "Messages.", by: ["dialect"])
            SocketRoutes(feeds: feeds, clock: test.process.heartbeat.clock, sent: sent).add(to: test.process.router)
            let running = Loop.spawn { await feeds.run() }
            defer { running.cancel() }
            try await subscriber.connected(within: .seconds(10))
            try await withServer(test.process) { try await body(test, history, feeds, $0.server.port) }
            running.cancel()
            await running.value
        }
    }

    /// Everything until the close frame: the texts, and the code.
    private func conversation(_ port: UInt16, _ path: String) async throws -> (texts: [String], code: UInt16) {
        let client = try await WebSocketClient(port: port, path: path)
        defer { client.connection.close() }
        var texts: [String] = []
        while true {
            switch try await client.next() {
            case .text(let text): texts.append(text)
            case .close(let code, _): return (texts, code)
            case .ended: return (texts, 1006)
            case .ping, .pong: continue
            }
        }
    }

    @Test("an order that is over is replayed from where the client left off, then the socket is closed with 1000", arguments: [0, 5, 7])
    func replay(after: Int) async throws {
        try await withSockets { test, history, _, port in
            let id = Samples.id()
            let events = eventsOfSuccess(id)
            history.answer = .events(events)
            let (texts, code) = try await conversation(port, "/v1/stream?orderId=\(id)&after=\(after)")
            #expect(texts == events.dropFirst(after).map { #"{"op":"event","event":\#($0.json)}"# })
            #expect(code == 1000)
            let (updates, _) = try await conversation(port, "/ws/orders/\(id)")
            #expect(updates.count == 6)
            #expect(test.process.metrics.render().contains(#"socket_messages_total{dialect="002_003"} 6"#))
        }
    }

    @Test("a live socket gets what is published, and is closed after the final event")
    func live() async throws {
        try await withSockets { test, history, feeds, port in
            let id = Samples.id()
            let events = eventsOfSuccess(id)
            history.answer = .events(Array(events.prefix(1)))
            let client = try await WebSocketClient(port: port, path: "/ws/orders/\(id)")
            #expect(try await JSONValue.parse(client.text())["status"]?.string == "pending")
            for event in events.dropFirst() { _ = try await test.redis.send(["PUBLISH", Keys.updates(id), event.json]) }
            var statuses: [String?] = []
            for _ in 0..<5 { statuses.append(try await JSONValue.parse(client.text())["status"]?.string) }
            #expect(statuses == ["routing", "routing", "building", "submitted", "confirmed"])
            #expect(try await client.closeCode() == 1000)
            client.connection.close()
            try await eventually { feeds.count == 0 }
        }
    }

    @Test(
        "what can never be served is closed with 1008",
        arguments: ["/ws/orders/abc", "/v1/stream", "/v1/stream?orderId=x", "/v1/stream?orderId=0198c1f2-0000-7000-8000-000000000000&after=-1"])
    func refused(_ path: String) async throws {
        try await withSockets { _, history, _, port in
            let (texts, code) = try await conversation(port, path)
            #expect(texts == [] && code == 1008 && history.reads == 0)
        }
    }

    @Test("an order that stays unknown is closed with 4404, one that cannot be read with 1013", arguments: [(true, 4404), (false, 1013)])
    func nothing(_ isUnknown: Bool, _ expected: UInt16) async throws {
        try await withSockets { _, history, _, port in
            history.answer = isUnknown ? .unknown : .unavailable
            let (texts, code) = try await conversation(port, "/ws/orders/\(Samples.id())")
            #expect(texts == [] && code == expected)
        }
    }
}
