import Configuration
import EventLoop
import HTTP
import TestSupport
import Testing

/// What one client may cost. The server trusts no proxy here, so that the loopback addresses count as clients.
@Suite(.onLoop) @ServiceActor
struct ClientLimitTests {
    private func routes(_ router: HTTPRouter) {
        router.webSocket("/socket") { _, _, socket in _ = try await socket.receive() }
        router.get("/stream") { _, _ in HTTPResponse.eventStream(ResponseStream()) }
        router.get("/live") { _, _ in HTTPResponse(status: 200, body: "live") }
        router.get("/who") { request, _ in HTTPResponse(status: 200, body: "\(request.clientAddress)") }
        router.post("/size") { request, _ in HTTPResponse(status: 200, body: "\(request.body.count)") }
    }

    private func withLimits(
        _ change: @escaping (inout HTTPServerOptions) -> Void, _ body: (HTTPServer, @ServiceActor () -> [HTTPServerLimit]) async throws -> Void
    ) async throws {
        let distrusting: (inout HTTPServerOptions) -> Void = {
            $0.trustedProxies = .none
            change(&$0)
        }
        try await withServer(routes, options: distrusting) { server in
            var limits: [HTTPServerLimit] = []
            server.router.onLimit = { limits.append($0) }
            try await body(server) { limits }
        }
    }

    // MARK: Heads

    @Test func `64 headers are read, 65 are refused`() async throws {
        try await withServer(routes) { server in
            let more = { (count: Int) in (0..<count).map { "h\($0): 1\r\n" }.joined() }
            try await expect(server, "GET /live HTTP/1.1\r\nHost: a\r\n\(more(63))\r\n", status: 200, body: "live")
            try await expect(server, "GET /live HTTP/1.1\r\nHost: a\r\n\(more(64))\r\n", status: 431)
        }
    }

    // MARK: Connections of an address

    @Test func `a connection over those of its address gets 503 and is closed, other addresses and the open ones go on`() async throws {
        try await withLimits({ $0.connectionsPerAddress = 200 }) { server, limits in
            let held = try (0..<200).map { _ in try RawConnection(port: server.port) }
            try await eventually { server.connections == 200 }
            let refused = try RawConnection(port: server.port)
            try await refused.send(get("/live"))
            let text = try await refused.readToEnd()
            #expect(status(text) == 503 && text.contains("TOO_MANY_CONNECTIONS") && text.contains("Retry-After: ") && text.contains("Request-Id: "))
            #expect(limits() == [.addressConnections])
            try await held[0].send(get("/live"))
            #expect(try await held[0].response().body == "live")
            let other = try RawConnection(port: server.port, from: 2)
            try await other.send(get("/live"))
            #expect(try await other.response().body == "live")
            held[1].close()
            try await eventually { server.connections == 200 }
            try await expect(server, get("/live"), status: 200)
            held.forEach { $0.close() }
        }
    }

    @Test func `a socket counts as the one connection that it was, until it ends`() async throws {
        try await withLimits({ $0.connectionsPerAddress = 2 }) { server, _ in
            let socket = try await WebSocketClient(port: server.port, path: "/socket")
            try await eventually { server.webSockets == 1 && server.connections == 1 }
            let kept = try RawConnection(port: server.port)
            try await kept.send(get("/live"))
            #expect(status(try await kept.response().head) == 200)
            #expect(status(try await RawConnection(port: server.port).readToEnd()) == 503)
            socket.connection.close()
            try await eventually { server.webSockets == 0 }
            try await expect(server, get("/live"), status: 200)
        }
    }

    @Test func `the connections of trusted proxies are not counted`() async throws {
        try await withServer(routes, options: { $0.connectionsPerAddress = 1 }) { server in
            let held = try (0..<5).map { _ in try RawConnection(port: server.port) }
            try await eventually { server.connections == 5 }
            try await expect(server, get("/live"), status: 200)
            held.forEach { $0.close() }
        }
    }

    // MARK: Who the client is

    @Test(
        arguments: [
            ([], "127.0.0.1"), (["X-Forwarded-For: 198.51.100.1"], "198.51.100.1"), (["X-Real-IP: 198.51.100.2"], "198.51.100.2"),
            (["X-Forwarded-For: 198.51.100.1", "X-Real-IP: 198.51.100.2"], "198.51.100.1"),
            (["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 198.51.100.1, 127.0.0.1"], "198.51.100.1"), (["X-Real-IP: nonsense"], "127.0.0.1"),
        ] as [([String], String)])
    func `a trusted proxy names the client, and nobody else does`(_ headers: [String], _ client: String) async throws {
        let request = "GET /who HTTP/1.1\r\nHost: a\r\n" + headers.map { $0 + "\r\n" }.joined() + "\r\n"
        try await withServer(routes) { try await expect($0, request, body: client) }
        try await withLimits({ _ in }) { server, _ in try await expect(server, request, body: "127.0.0.1") }
    }

    // MARK: Sockets of a client

    @Test func `a socket or stream over those of its client gets 429, and one that ends makes room`() async throws {
        try await withServer(routes, options: { $0.socketsPerAddress = 2 }) { server in
            var limits: [HTTPServerLimit] = []
            server.router.onLimit = { limits.append($0) }
            var held: [WebSocketClient] = []
            let one = WebSocketClient.handshake + ["X-Forwarded-For: 198.51.100.1"]
            let socket = try await WebSocketClient(port: server.port, path: "/socket", headers: one)
            let stream = try RawConnection(port: server.port)
            try await stream.send(get("/stream", "X-Forwarded-For: 198.51.100.1"))
            #expect(status(try await stream.response().head) == 200)
            let refused = try await WebSocketClient(port: server.port, path: "/socket", headers: one)
            #expect(refused.status == 429 && refused.head.contains("Retry-After: ") && refused.body.contains("TOO_MANY_SOCKETS"))
            try await expect(server, get("/stream", "X-Forwarded-For: 198.51.100.1"), status: 429, head: "Retry-After: ")
            #expect(limits == [.clientSockets, .clientSockets])
            let second = WebSocketClient.handshake + ["X-Forwarded-For: 198.51.100.2"]
            let other = try await WebSocketClient(port: server.port, path: "/socket", headers: second)
            defer { other.connection.close() }
            #expect(socket.status == 101 && other.status == 101)
            for connection in [socket.connection, stream] {
                connection.close()
                try await eventually { server.webSockets + server.streams < 3 }
                held.append(try await WebSocketClient(port: server.port, path: "/socket", headers: one))
                #expect(held.last?.status == 101)
                try await eventually { server.webSockets + server.streams == 3 }
            }
            held.forEach { $0.connection.close() }
        }
    }

    @Test func `a socket counts for the owner of the quota that the router names, and not for its address`() async throws {
        try await withServer(routes, options: { $0.socketsPerAddress = 1 }) { server in
            server.router.socketQuota = { SocketQuota(owner: "key \($0.header("X-API-Key") ?? "")", limit: 1) }
            let headers = { (key: String) in WebSocketClient.handshake + ["X-API-Key: \(key)"] }
            let first = try await WebSocketClient(port: server.port, path: "/socket", headers: headers("a"))
            #expect(first.status == 101)
            #expect(try await WebSocketClient(port: server.port, path: "/socket", headers: headers("a")).status == 429)
            let other = try await WebSocketClient(port: server.port, path: "/socket", headers: headers("b"))
            defer { other.connection.close() }
            #expect(other.status == 101)
            first.connection.close()
            try await eventually { server.webSockets == 1 }
            #expect(try await WebSocketClient(port: server.port, path: "/socket", headers: headers("a")).status == 101)
        }
    }

    // MARK: Slow clients

    /// 20 KiB a second, judged every 300 ms.
    private nonisolated static func drain(_ options: inout HTTPServerOptions) {
        options.minDrainRate = 20_480
        options.drainWindow = .milliseconds(300)
    }

    @Test func `a body that comes byte by byte is refused with 408, though its time is not over`() async throws {
        try await withLimits(Self.drain) { server, limits in
            let connection = try RawConnection(port: server.port)
            try await connection.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 16000\r\n\r\n")
            let start = MonotonicInstant.now
            let sender = Loop.spawn { [connection] in
                while !Task.isCancelled {
                    try await connection.send("x")
                    try await sleep(for: .milliseconds(10))
                }
            }
            #expect(status(try await connection.readToEnd(within: .seconds(5))) == 408)
            #expect(start.elapsed < .seconds(3) && limits() == [.drainRate])
            sender.cancel()
            _ = try? await sender.value
        }
    }

    @Test func `a body that comes in time is taken, however small its pieces are`() async throws {
        try await withLimits({
            $0.minDrainRate = 2048
            $0.drainWindow = .milliseconds(300)
        }) { server, limits in
            let connection = try RawConnection(port: server.port)
            try await connection.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 16000\r\n\r\n")
            let start = MonotonicInstant.now
            for count in 0..<80 {
                try await connection.send(String(repeating: "x", count: 200))
                // 20 KB a second, also after a turn of the loop that took long.
                let ahead = .milliseconds(10) * (count + 1) - start.elapsed
                if ahead > .zero { try await sleep(for: ahead) }
            }
            #expect(try await connection.response().body == "16000")
            #expect(limits().isEmpty)
        }
    }

    /// Reads a little all the time until the connection ends: a quarter of what `drain` asks for.
    private func sip(_ connection: RawConnection) async throws {
        while !connection.hasEnded {
            _ = connection.readAtMost(512)
            try await sleep(for: .milliseconds(100))
        }
    }

    @Test func `a reader of an answer that takes a little all the time is cut`() async throws {
        let change: (inout HTTPServerOptions) -> Void = {
            Self.drain(&$0)
            $0.responseDeadline = .seconds(60)
        }
        let body = [UInt8](repeating: 120, count: 20_000_000)
        var limits: [HTTPServerLimit] = []
        try await withServer({ $0.get("/big") { _, _ in HTTPResponse(status: 200, body: body) } }, options: change) { server in
            server.router.onLimit = { limits.append($0) }
            let connection = try RawConnection(port: server.port, receiveBuffer: 4096)
            try await connection.send(get("/big"))
            let sipping = Loop.spawn { [connection] in try await sip(connection) }
            try await eventually { limits == [.drainRate] && server.connections == 0 }
            connection.close()
            _ = try? await sipping.value
        }
    }

    @Test func `a reader of a stream that takes a little all the time is cut, one who has everything is not`() async throws {
        let slow = ResponseStream(limit: 1 << 30)
        let idle = ResponseStream()
        let ended = Promise<ResponseStream.End>()
        slow.onEnd = { ended.succeed($0) }
        let routes: (HTTPRouter) -> Void = {
            $0.get("/slow") { _, _ in HTTPResponse.eventStream(slow) }
            $0.get("/idle") { _, _ in HTTPResponse.eventStream(idle) }
        }
        try await withServer(routes, options: Self.drain) { server in
            let quiet = try RawConnection(port: server.port)
            try await quiet.send(get("/idle"))
            _ = try await quiet.response()
            let connection = try RawConnection(port: server.port, receiveBuffer: 4096)
            try await connection.send(get("/slow"))
            slow.write(String(repeating: "x", count: 20_000_000))
            let sipping = Loop.spawn { [connection] in try await sip(connection) }
            #expect(try await ended.value(within: .seconds(20)) == .tooSlow)
            #expect(idle.isOpen && server.queuedBytes == 0)
            connection.close()
            _ = try? await sipping.value
        }
    }

    @Test func `a reader of a socket that takes a little all the time is cut`() async throws {
        let held = Promise<WebSocket>()
        let change: (inout HTTPServerOptions) -> Void = {
            Self.drain(&$0)
            $0.webSocket.queuedBytes = 1 << 24
            $0.webSocket.queuedMessages = 10_000
            $0.webSocket.writeDeadline = .seconds(60)
        }
        try await withServer({ $0.webSocket("/hold") { _, _, socket in held.succeed(socket) } }, options: change) { server in
            let client = try await WebSocketClient(port: server.port, path: "/hold", receiveBuffer: 4096)
            let socket = try await held.value(within: .seconds(5))
            for _ in 0..<1000 { #expect(socket.send(text: String(repeating: "x", count: 8000))) }
            let sipping = Loop.spawn { [connection = client.connection] in try await sip(connection) }
            try await eventually { socket.closeCode == .tooSlow }
            client.connection.close()
            _ = try? await sipping.value
        }
    }
}
