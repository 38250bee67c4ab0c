import EventLoop
import HTTP
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct WebSocketTests {
    /// `/echo/{name}` echoes by `receive`, `/callback` by `onText`, `/hold` gives its socket to the test, `/fails` throws.
    private func routes(_ held: Promise<WebSocket> = Promise()) -> (HTTPRouter) -> Void {
        { router in
            router.webSocket("/echo/{name}") { _, parameters, socket in
                while let text = try await socket.receive() { socket.send(text: "\(parameters["name"]):\(text)") }
            }
            router.webSocket("/callback") { _, _, socket in socket.onText = { socket.send(text: $0) } }
            // Whoever waits keeps the promise. If the route did, it would keep its own server.
            router.webSocket("/hold") { [weak held] _, _, socket in held?.succeed(socket) }
            router.webSocket("/fails") { _, _, _ in throw TestFailure("secret") }
        }
    }

    @Test(arguments: [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 12", 426), ("Sec-WebSocket-Version: 13", "X: 1", 426),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: short", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ!!", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "X: 1", 400), ("Connection: Upgrade", "Connection: keep-alive", 400),
        ("Upgrade: websocket", "Upgrade: h2c", 426), ("Connection: Upgrade", "Connection: keep-alive, upgrade", 101),
        ("Upgrade: websocket", "Upgrade: WebSocket", 101),
    ])
    func `a handshake is granted or refused`(_ field: String, _ replacement: String, _ expected: Int) async throws {
        try await withServer(routes()) { server in
            let client = try await WebSocketClient(
                port: server.port, path: "/callback", headers: WebSocketClient.handshake.map { $0 == field ? replacement : $0 })
            #expect(client.status == expected)
            if expected == 426 && replacement != "Upgrade: h2c" { #expect(client.head.contains("Sec-WebSocket-Version: 13\r\n")) }
            if expected != 101 { #expect(client.body.contains(#""success":false"#)) }
        }
    }

    @Test(arguments: [
        ([], nil), (["json"], "json"), (["graphql-ws, json"], "graphql-ws"), ([" \tv1.stream "], "v1.stream"), (["a b, c"], "a"),
        (["(x), ok"], "ok"), (["", "second"], "second"), ([String(repeating: "x", count: 65)], nil), (["\"quoted\""], nil), ([",,"], nil),
    ])
    func `the first sub-protocol that is offered and has the form of one is chosen, so that a browser stays`(
        _ offered: [String], _ chosen: String?
    ) async throws {
        try await withServer(routes()) { server in
            let client = try await WebSocketClient(
                port: server.port, path: "/callback",
                headers: WebSocketClient.handshake + offered.map { "Sec-WebSocket-Protocol: \($0)" })
            let said = client.head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("sec-websocket-protocol:") }
            #expect(client.status == 101 && said.map(String.init) == (chosen.map { ["Sec-WebSocket-Protocol: \($0)"] } ?? []))
            try await client.send(text: "hello")
            #expect(try await client.text() == "hello")
        }
    }

    @Test(arguments: ["/echo/a", "/callback"])
    func `messages are echoed in order, whole or fragmented, with pings between`(_ path: String) async throws {
        let prefix = path == "/callback" ? "" : "a:"
        try await withServer(routes()) { server in
            let client = try await WebSocketClient(port: server.port, path: path)
            try await client.send(text: "hello")
            #expect(try await client.text() == prefix + "hello")
            try await client.send(opcode: 1, Array("é".utf8).dropLast(), final: false)
            try await client.ping([1, 2, 3])
            try await client.send(opcode: 0, [Array("é".utf8)[1]])
            #expect(try await client.next() == .pong([1, 2, 3]))
            #expect(try await client.text() == prefix + "é")
            for number in 0..<500 { try await client.send(text: "\(number)") }
            for number in 0..<500 { #expect(try await client.text() == prefix + "\(number)") }
            try await client.send(text: String(repeating: "x", count: 4096))
            #expect(try await client.text().utf8.count == prefix.utf8.count + 4096)
            try await client.close(code: 1000)
            #expect(try await client.next() == .close(code: 1000, reason: ""))
            #expect(try await client.next() == .ended)
            try await eventually { server.webSockets == 0 && server.connections == 0 }
        }
    }

    @Test func `messages that come piece by piece on many sockets at once are not mixed up`() async throws {
        try await withServer(routes()) { server in
            let clients = try await together(20) { _ in try await WebSocketClient(port: server.port, path: "/callback") }
            let fence = try await WebSocketClient(port: server.port, path: "/callback")
            let texts = (0..<clients.count).map { String(repeating: "\($0) ", count: 5 + 40 * $0) }
            // Cut within the header, within the payload, and between two frames of one message.
            let pieces = texts.enumerated().map { index, text in
                let bytes = Array(text.utf8)
                let first = WebSocketClient.frame(opcode: 1, Array(bytes.prefix(7)), final: false)
                let frames = first + WebSocketClient.frame(opcode: 0, Array(bytes.dropFirst(7)))
                return [1, 3, 9, 13, 14, 20].map { $0 + index % 2 }.reduce(into: (rest: frames[...], parts: [[UInt8]]())) { cut, end in
                    let count = max(0, end - (frames.count - cut.rest.count))
                    cut.parts.append(Array(cut.rest.prefix(count)))
                    cut.rest = cut.rest.dropFirst(count)
                }
            }.map { $0.parts + [Array($0.rest)] }
            for step in 0..<7 {
                for (client, parts) in zip(clients, pieces) { try await client.connection.send(parts[step]) }
                // What came before this has been read when its echo is there.
                try await fence.send(text: "\(step)")
                #expect(try await fence.text() == "\(step)")
            }
            for (client, text) in zip(clients, texts) { #expect(try await client.text() == text) }
        }
    }

    @Test func `a frame glued to the handshake is not lost`() async throws {
        try await withServer(routes()) { server in
            let frame = WebSocketClient.frame(opcode: 1, Array("early".utf8))
            let client = try await WebSocketClient(port: server.port, path: "/callback", early: frame)
            #expect(try await client.text() == "early")
        }
    }

    @Test(
        arguments: [
            ("binary", [0x82, 0x81, 0, 0, 0, 0, 1], 1003),
            ("text that is no UTF-8", [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], 1007),
            ("an overlong code in fragments", [0x01, 0x81, 0, 0, 0, 0, 0xc0, 0x80, 0x81, 0, 0, 0, 0, 0x80], 1007),
            ("an announced size over the limit", [0x81, 0xfe, 0x10, 0x01, 0, 0, 0, 0, 1], 1009),
            (
                "fragments over the limit",
                [0x01, 0xfe, 0x10, 0x00, 0, 0, 0, 0] + [UInt8](repeating: 65, count: 4096) + [0x80, 0x81, 0, 0, 0, 0, 65], 1009
            ),
            ("an unmasked frame", [0x81, 0x01, 65], 1002),
            ("a reserved bit", [0xc1, 0x81, 0, 0, 0, 0, 65], 1002),
            ("an unknown opcode", [0x83, 0x81, 0, 0, 0, 0, 65], 1002),
            ("a lone continuation", [0x80, 0x81, 0, 0, 0, 0, 65], 1002),
            ("a fragmented ping", [0x09, 0x81, 0, 0, 0, 0, 65], 1002),
            ("a ping over 125 bytes", [0x89, 0xfe, 0, 126, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 126), 1002),
            ("a length in too many bytes", [0x81, 0xfe, 0, 1, 0, 0, 0, 0, 65], 1002),
            ("a close frame of one byte", [0x88, 0x81, 0, 0, 0, 0, 3], 1002),
            ("a close code that may not be sent", [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], 1002),
            ("an empty close frame", [0x88, 0x80, 0, 0, 0, 0], 1005),
            ("a close code of the application's", [0x88, 0x82, 0, 0, 0, 0, 0x0f, 0xa1], 4001),
        ] as [(String, [UInt8], UInt16)])
    func `each kind of input is closed with its code, which the client gets to read`(_ what: String, _ bytes: [UInt8], _ code: UInt16) async throws {
        try await withServer(routes()) { server in
            let client = try await WebSocketClient(port: server.port, path: "/callback")
            // What follows is unread when the server closes, which must not reset the connection.
            try await client.connection.send(bytes + [UInt8](repeating: 0x81, count: 5000))
            #expect(try await client.closeCode() == code, "\(what)")
            #expect(try await client.next() == .ended)
            try await eventually { server.webSockets == 0 }
        }
    }

    @Test func `the service closes with code and reason, and both sides end`() async throws {
        let held = Promise<WebSocket>()
        try await withServer(routes(held)) { server in
            let client = try await WebSocketClient(port: server.port, path: "/hold")
            let socket = try await held.value(within: .seconds(5))
            var code: CloseCode?
            socket.onClose = { code = $0 }
            for number in 0..<20 { #expect(socket.send(text: "\(number)")) }
            socket.close(code: 4404, reason: "unknown order")
            #expect(!socket.isOpen && !socket.send(text: "late") && code == 4404)
            for number in 0..<20 { #expect(try await client.text() == "\(number)") }
            #expect(try await client.next() == .close(code: 4404, reason: "unknown order"))
            client.connection.close()
            await socket.closed()
            #expect(try await socket.receive() == nil)
            try await eventually { server.connections == 0 }
        }
    }

    @Test func `a client that vanishes ends the handler's receive, with code 1006`() async throws {
        let held = Promise<WebSocket>()
        try await withServer(routes(held)) { server in
            let client = try await WebSocketClient(port: server.port, path: "/hold")
            let socket = try await held.value(within: .seconds(5))
            try await client.send(text: "last")
            client.connection.close()
            #expect(try await socket.receive() == "last")
            #expect(try await socket.receive() == nil)
            #expect(socket.closeCode == .abnormal)
            try await eventually { server.connections == 0 }
        }
    }

    @Test func `a handler that throws closes with 1011 and tells the log`() async throws {
        try await withServer(routes()) { server in
            var logged: [String] = []
            server.router.onError = { logged.append("\($1): \($0)\($2.isEmpty ? " without an id" : "")") }
            let client = try await WebSocketClient(port: server.port, path: "/fails")
            #expect(try await client.closeCode() == 1011)
            #expect(logged == ["/fails: secret"])
        }
    }

    @Test func `pings keep an answering client, and a silent one is closed`() async throws {
        let change: (inout HTTPServerOptions) -> Void = {
            $0.webSocket.pingInterval = .milliseconds(200)
            $0.webSocket.idleTimeout = .milliseconds(900)
        }
        try await withServer(routes(), options: change) { server in
            let client = try await WebSocketClient(port: server.port, path: "/callback")
            for _ in 0..<6 { #expect(try await client.next() == .ping) }
            client.answersPings = false
            #expect(try await client.closeCode(within: .seconds(5)) == 1001)
        }
    }

    @Test func `a client that does not read is closed with 4408 and memory stays bounded`() async throws {
        let held = Promise<WebSocket>()
        try await withServer(routes(held)) { server in
            let client = try await WebSocketClient(port: server.port, path: "/hold", receiveBuffer: 4096)
            let socket = try await held.value(within: .seconds(5))
            let message = String(repeating: "x", count: 8000)
            var sent = 0
            while socket.send(text: message) {
                sent += 1
                #expect(socket.bufferedBytes <= 256 * 1024)
                try #require(sent < 100_000)
            }
            #expect(socket.closeCode == .tooSlow)
            var read = 0
            while case .text(let text) = try await client.next() {
                #expect(text.utf8.count == 8000)
                read += 1
            }
            #expect(read > 0 && read <= sent)
            await socket.closed()
        }
    }

    @Test func `a client that never reads again is cut off after the write deadline`() async throws {
        let held = Promise<WebSocket>()
        try await withServer(routes(held), options: { $0.webSocket.writeDeadline = .milliseconds(400) }) { server in
            let client = try await WebSocketClient(port: server.port, path: "/hold", receiveBuffer: 4096)
            let socket = try await held.value(within: .seconds(5))
            while socket.bufferedBytes < 50_000 {
                #expect(socket.send(text: String(repeating: "x", count: 8000)))
                try await sleep(for: .milliseconds(1))
            }
            let start = MonotonicInstant.now
            await socket.closed()
            #expect(start.elapsed < .seconds(5) && socket.closeCode == .tooSlow)
            client.connection.close()
        }
    }

    @Test func `messages that nobody receives are bounded: 1008`() async throws {
        try await withServer(routes(), options: { $0.webSocket.unreadMessages = 50 }) { server in
            let client = try await WebSocketClient(port: server.port, path: "/hold")
            for _ in 0..<60 { try await client.send(text: "flood") }
            #expect(try await client.closeCode() == 1008)
        }
    }

    @Test func `a flood of pings is closed with 1008`() async throws {
        try await withServer(routes(), options: { $0.webSocket.framesPerSecond = 500 }) { server in
            let client = try await WebSocketClient(port: server.port, path: "/callback")
            let flood = (0..<5000).flatMap { _ in WebSocketClient.frame(opcode: 9, []) }
            try await client.connection.send(flood)
            #expect(try await client.closeCode() == 1008)
        }
    }

    @Test func `a server that stops closes its sockets with 1012`() async throws {
        try await withServer(routes()) { server in
            var clients: [WebSocketClient] = []
            for _ in 0..<50 { clients.append(try await WebSocketClient(port: server.port, path: "/callback")) }
            let stopped = Loop.spawn { await server.stop(within: .seconds(5)) }
            for client in clients {
                #expect(try await client.closeCode() == 1012)
                client.connection.close()
            }
            await stopped.value
            #expect(server.webSockets == 0)
        }
    }

    @Test func `sockets are closed evenly over a time`() async throws {
        try await withServer(routes()) { server in
            var clients: [WebSocketClient] = []
            for _ in 0..<10 { clients.append(try await WebSocketClient(port: server.port, path: "/callback")) }
            let start = MonotonicInstant.now
            await server.closeWebSockets(over: .milliseconds(500))
            #expect(start.elapsed >= .milliseconds(400))
            for client in clients { #expect(try await client.closeCode() == 1012) }
        }
    }
}
