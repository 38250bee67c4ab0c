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
            let users = UserFeeds(
                directory: StoredUserDirectory(pipeline: test.pipeline), subscriber: test.process.connectSubscriber(), log: test.process.log)
            SocketRoutes(feeds: feeds, users: users, sent: sent).add(to: test.process.router)
            let running = Loop.spawn { await feeds.run() }
            let following = Loop.spawn { await users.run() }
            defer {
                running.cancel()
                following.cancel()
            }
            try await subscriber.connected(within: .seconds(10))
            try await withServer(test.process) { try await body(test, history, feeds, $0.server.port) }
            running.cancel()
            following.cancel()
            await running.value
            await following.value
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
        arguments: [
            "/ws/orders/abc", "/v1/stream?orderId=", "/v1/stream?orderId=x", "/v1/stream?orderId=0198c1f2-0000-7000-8000-000000000000&after=-1",
        ])
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

    @Test("a socket of one order is told that it is ahead, and gets all of it; what its client says means nothing")
    func ahead() async throws {
        try await withSockets { _, history, _, port in
            let id = Samples.id()
            history.answer = .events(eventsOfSuccess(id))
            let client = try await WebSocketClient(port: port, path: "/v1/stream?orderId=\(id)&after=8")
            try await client.send(text: #"{"op":"ping"}"#)
            #expect(try await JSONValue.parse(client.text())["code"]?.string == "SEQ_AHEAD")
            for seq in 1...7 { #expect(try await JSONValue.parse(client.text())["event"]?["seq"]?.integer == Int64(seq)) }
            #expect(try await client.closeCode() == 1000)
            client.connection.close()
        }
    }

    @Test("a socket without an order takes frames, and stays when an order is over")
    func frames() async throws {
        try await withSockets { test, history, feeds, port in
            let id = Samples.id()
            history.answer = .events(eventsOfSuccess(id))
            let client = try await WebSocketClient(port: port, path: "/v1/stream")
            try await client.send(text: #"{"op":"subscribe","orderId":"\#(id)","after":5}"#)
            var ops: [String?] = []
            for index in 0..<5 {
                if index == 4 { try await client.send(text: #"{"op":"ping","id":1}"#) }
                ops.append(try await JSONValue.parse(client.text())["op"]?.string)
            }
            #expect(ops == ["subscribed", "event", "event", "done", "pong"])
            #expect(test.process.metrics.render().contains(#"socket_messages_total{dialect="native"} 5"#))
            #expect(feeds.count == 0)
            history.answer = .events(Array(eventsOfSuccess(id).prefix(3)))
            try await client.send(text: #"{"op":"subscribe","orderId":"\#(id)"}"#)
            try await eventually { feeds.count == 1 }
            try await client.close()
            #expect(try await client.closeCode() == 1000)
            client.connection.close()
            try await eventually { feeds.count == 0 }
        }
    }

    @Test(
        "frames that are none close the socket",
        arguments: [(UInt8(2), [UInt8(1)], UInt16(1003)), (1, [0xff], 1007), (1, [UInt8](repeating: 0x20, count: 5000), 1009)])
    func broken(_ opcode: UInt8, _ payload: [UInt8], _ code: UInt16) async throws {
        try await withSockets { _, _, _, port in
            let client = try await WebSocketClient(port: port, path: "/v1/stream")
            try await client.send(opcode: opcode, payload)
            #expect(try await client.closeCode() == code)
            client.connection.close()
        }
    }
}
