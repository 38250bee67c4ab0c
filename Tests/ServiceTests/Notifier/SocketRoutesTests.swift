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

/// Tests the paths of the sockets behind a real server, with a history that the test controls.
@Suite(.onLoop) @ServiceActor
struct SocketRoutesTests {
    private func withSockets(
        messagesPerSecond: Int? = nil,
        _ body: @ServiceActor (TestProcess<NotifierSettings>, FakeHistory, OrderFeeds, UInt16) async throws -> Void
    ) async throws {
        try await withOrderFeeds { test, history, feeds, _ in
            test.process.serverOptions.webSocket.messagesPerSecond = messagesPerSecond
            let sent = test.process.metrics.counters("socket_messages_total", help: "Messages.", by: ["dialect"])
            let users = UserFeeds(
                directory: StoredUserDirectory(pipeline: test.pipeline), pipeline: test.pipeline, subscriber: test.process.connectSubscriber(),
                log: test.process.log)
            SocketRoutes(
                feeds: feeds, users: users, owners: StoredUserDirectory(pipeline: test.pipeline), access: test.process.access,
                holders: Holders(access: test.process.access),
                clock: test.process.heartbeat.clock, sent: sent, namingLimit: .milliseconds(500)
            )
            .add(to: test.process.router)
            try await alongside({ await users.run() }) {
                try await withServer(test.process) { try await body(test, history, feeds, $0.server.port) }
            }
        }
    }

    /// Everything up to the close frame: the texts, and the code.
    private func conversation(_ port: UInt16, _ path: String, saying first: String? = nil) async throws -> (texts: [String], code: UInt16) {
        let client = try await WebSocketClient(port: port, path: path)
        if let first { try await client.send(text: first) }
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

    @Test func `too many frames in a second: the client reads an error, then the socket is closed with 1008`() async throws {
        try await withSockets(messagesPerSecond: 5) { _, _, _, port in
            let client = try await WebSocketClient(port: port, path: "/v1/stream")
            let pings = (0..<8).flatMap { WebSocketClient.frame(opcode: 1, Array(#"{"op":"ping","id":\#($0)}"#.utf8)) }
            try await client.connection.send(pings)
            for number in 0..<5 { #expect(try await client.text() == #"{"op":"pong","id":\#(number)}"#) }
            let error = try JSONValue.parse(try await client.text())
            #expect(error["op"]?.string == "error" && error["code"]?.string == "TOO_MANY" && error["message"]?.string?.contains("5 messages") == true)
            #expect(try await client.closeCode() == 1008)
        }
    }

    @Test(arguments: [0, 5, 7])
    func `an order that is over is replayed from where the client left off, then the socket is closed with 1000`(after: Int) async throws {
        try await withSockets { test, history, _, port in
            let id = Samples.id()
            let events = eventsOfSuccess(id)
            history.answer = .events(events)
            let (texts, code) = try await conversation(port, "/v1/stream?orderId=\(id)&after=\(after)")
            let order = Samples.order(id: id)
            #expect(texts == events.dropFirst(after).map { NativeReply.event($0, of: $0.seq == after + 1 ? order : nil) })
            #expect(code == 1000)
            let (updates, _) = try await conversation(port, "/ws/orders/\(id)")
            #expect(updates.count == 6)
            #expect(test.process.metrics.render().contains(#"socket_messages_total{dialect="002_003"} 6"#))
        }
    }

    @Test func `a live socket gets what is published, and is closed after the final event`() async throws {
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
        arguments: [
            "/ws/orders/abc", "/v1/stream?orderId=", "/v1/stream?orderId=x", "/v1/stream?orderId=0198c1f2-0000-7000-8000-000000000000&after=-1",
            "/v1/stream?orderId=0198c1f2-0000-7000-8000-000000000000&after=9223372036854775807",
            "/v1/stream?orderId=0198c1f2-0000-7000-8000-000000000000&after=9007199254740992",
            "/v1/stream?orderId=0198c1f2-0000-7000-8000-000000000000&after=1e3",
            "/v1/stream?orderId=0198c1f2-0000-7000-8000-000000000000&after=",
            "/api/orders/execute", "/api/orders/execute?orderId=abc", "/api/orders/status/abc",
        ])
    func `what can never be served is closed with 1008`(_ path: String) async throws {
        try await withSockets { _, history, _, port in
            let (texts, code) = try await conversation(port, path)
            #expect(texts == [] && code == 1008 && history.reads == 0)
        }
    }

    @Test(arguments: [(true, 4404), (false, 1013)])
    func `an order that stays unknown is closed with 4404, one that cannot be read with 1013`(_ isUnknown: Bool, _ expected: UInt16) async throws {
        try await withSockets { _, history, _, port in
            history.answer = isUnknown ? .unknown : .unavailable
            for path in ["/ws/orders/", "/api/orders/execute?orderId=", "/api/orders/status/"] {
                let (texts, code) = try await conversation(port, path + Samples.id().description)
                #expect(code == expected)
                // The progress dialect greets every client.
                #expect(texts.map(type) == (path == "/api/orders/status/" ? ["connection", "subscribed"] : []))
            }
        }
    }

    private func type(_ text: String) -> String? { (try? JSONValue.parse(text))?["type"]?.string }

    /// The paths, whether the first message names the order, and the status or type of each message for an order that lands.
    private nonisolated static let dialects: [(path: String, isNamedByMessage: Bool, says: [String])] = [
        ("/api/orders/execute?orderId=", false, ["pending", "routing", "building", "submitted", "confirmed"]),
        (
            "/api/orders/status/", false,
            ["connection", "subscribed", "pending", "routing", "routing", "building", "building", "submitted", "confirmed"]
        ),
        ("/ws/orders/", false, ["pending", "routing", "routing", "building", "submitted", "confirmed"]),
        ("/api/orders/status", true, ["pending", "routing", "building", "submitted", "confirmed"]),
    ]

    private func connect(_ port: UInt16, _ dialect: (path: String, isNamedByMessage: Bool, says: [String]), _ id: OrderID) async throws
        -> WebSocketClient
    {
        let client = try await WebSocketClient(port: port, path: dialect.path + (dialect.isNamedByMessage ? "" : id.description))
        if dialect.isNamedByMessage { try await client.send(text: id.description) }
        return client
    }

    @Test(arguments: 0..<4)
    func `a socket that is ahead of its order is told of it from the first event on, and closed after the final one`(_ index: Int) async throws {
        try await withSockets { test, history, _, port in
            let id = Samples.id()
            let events = eventsOfSuccess(id)
            let dialect = Self.dialects[index]
            let client = try await connect(port, dialect, id)
            var said: [String?] = []
            func listen(until count: Int) async throws {
                while said.count < count {
                    let message = try JSONValue.parse(await client.text())
                    said.append((message["status"] ?? message["type"])?.string)
                }
            }
            if dialect.says[0] == "connection" { for _ in 0..<2 { said.append(type(try await client.text())) } }
            try await eventually { history.reads > 0 }
            for event in events {
                history.answer = .events(Array(events.prefix(event.seq)))
                _ = try await test.redis.send(["PUBLISH", Keys.updates(id), event.json])
                // The order is read after the first event. By then it must not have a second one, which would come together with it.
                if event.seq == 1 { try await listen(until: said.count + 1) }
            }
            try await listen(until: dialect.says.count)
            #expect(said == dialect.says)
            #expect(try await client.closeCode() == 1000)
            client.connection.close()
        }
    }

    @Test func `backfill dialect: one message tells all there was, and a final one is the last`() async throws {
        try await withSockets { test, history, _, port in
            let id = Samples.id()
            let events = eventsOfSuccess(id)
            history.answer = .events(Array(events.prefix(4)))
            let client = try await WebSocketClient(port: port, path: "/api/orders/execute?orderId=\(id)")
            let first = try JSONValue.parse(await client.text())
            #expect(first["type"]?.string == "backfill" && first["status"]?.string == "building")
            #expect(first["logs"]?.array?.map { $0["message"]?.string } == ["m1", "m2", "m3", "m4"])
            for event in events.dropFirst(4) { _ = try await test.redis.send(["PUBLISH", Keys.updates(id), event.json]) }
            #expect(try await JSONValue.parse(client.text())["status"]?.string == "submitted")
            #expect(try await JSONValue.parse(client.text())["status"]?.string == "confirmed")
            #expect(try await client.closeCode() == 1000)

            history.answer = .events(events)
            let (texts, code) = try await conversation(port, "/api/orders/execute?orderId=\(id)")
            #expect(texts.map(type) == ["backfill"] && code == 1000)
            #expect(try JSONValue.parse(texts[0])["logs"]?.array?.count == 7)
        }
    }

    @Test func `progress dialect: the greeting has the time of Redis`() async throws {
        try await withSockets { test, history, _, port in
            history.answer = .events(eventsOfSuccess(Samples.id()))
            let before = Timestamp.text(milliseconds: test.process.heartbeat.clock.now ?? 0)
            let (texts, _) = try await conversation(port, "/api/orders/status/\(Samples.id())")
            let after = Timestamp.text(milliseconds: test.process.heartbeat.clock.now ?? 0)
            let time = try #require(try JSONValue.parse(texts[0])["timestamp"]?.string)
            #expect(before <= time && time <= after)
        }
    }

    @Test(arguments: ["(id)", "  (id)\n", "\t(id)\r\n"])
    func `snake case dialect: the first message names the order, whatever white space is around it`(_ pattern: String) async throws {
        try await withSockets { _, history, _, port in
            let id = Samples.id()
            history.answer = .events(eventsOfSuccess(id))
            let (texts, code) = try await conversation(port, "/api/orders/status", saying: pattern.replacing("(id)", with: "\(id)"))
            #expect(texts.first == #"{"order_id":"\#(id)","status":"pending"}"#)
            #expect(texts.count == 5 && code == 1000)
        }
    }

    @Test(arguments: ["", "42", #"{"orderId":"x"}"#, "0198c1f2 0000-7000-8000-000000000000"])
    func `snake case dialect: a first message that is no id closes with 1008`(_ text: String) async throws {
        try await withSockets { _, history, _, port in
            let (texts, code) = try await conversation(port, "/api/orders/status", saying: text)
            #expect(texts == [] && code == 1008 && history.reads == 0)
        }
    }

    @Test func `snake case dialect: a client that names no order in time is closed with 1008`() async throws {
        try await withSockets { _, history, _, port in
            let start = MonotonicInstant.now
            let (texts, code) = try await conversation(port, "/api/orders/status")
            #expect(texts == [] && code == 1008 && history.reads == 0)
            #expect(start.elapsed >= .milliseconds(400))
        }
    }

    @Test func `a client that says it has seen the largest seq there is, is ahead of an order that is over, and the notifier lives`() async throws {
        try await withSockets { _, history, _, port in
            let id = Samples.id()
            history.answer = .events(eventsOfSuccess(id))
            let (texts, code) = try await conversation(port, "/v1/stream?orderId=\(id)&after=\(Seq.max)")
            #expect(try JSONValue.parse(texts[0])["code"]?.string == "SEQ_AHEAD" && texts.count == 8 && code == 1000)
        }
    }

    @Test func `a socket of one order is told that it is ahead, and gets all of it; what its client says means nothing`() async throws {
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

    @Test func `a socket without an order takes frames, and stays when an order is over`() async throws {
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

    @Test(arguments: [(UInt8(2), [UInt8(1)], UInt16(1003)), (1, [0xff], 1007), (1, [UInt8](repeating: 0x20, count: 5000), 1009)])
    func `frames that are none close the socket`(_ opcode: UInt8, _ payload: [UInt8], _ code: UInt16) async throws {
        try await withSockets { _, _, _, port in
            let client = try await WebSocketClient(port: port, path: "/v1/stream")
            try await client.send(opcode: opcode, payload)
            #expect(try await client.closeCode() == code)
            client.connection.close()
        }
    }
}
