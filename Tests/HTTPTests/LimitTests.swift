import EventLoop
import HTTP
import TestSupport
import Testing

/// At its limits a server still says that it lives.
@Suite(.onLoop) @ServiceActor
struct LimitTests {
    private nonisolated static let upgrade =
        "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    private func routes(_ router: HTTPRouter) {
        router.webSocket("/socket") { _, _, socket in _ = try await socket.receive() }
        router.get("/stream") { _, _ in HTTPResponse.eventStream(ResponseStream()) }
        router.get("/live") { _, _ in HTTPResponse(status: 200, body: "live") }
    }

    @Test func `a socket or stream beyond the limit is told so, and everything else is answered`() async throws {
        try await withServer(routes, options: { $0.maxSockets = 2 }) { server in
            var limits: [HTTPServerLimit] = []
            server.router.onLimit = { limits.append($0) }
            var held: [RawConnection] = []
            for request in [Self.upgrade, get("/stream")] {
                let connection = try RawConnection(port: server.port)
                try await connection.send(request)
                let status = status(try await connection.response().head)
                #expect(status == 101 || status == 200)
                held.append(connection)
            }
            try await eventually { server.webSockets + server.streams == 2 }
            let refused = try await exchange(server, Self.upgrade)
            #expect(status(refused.head) == 503 && refused.head.contains("Retry-After: ") && refused.body.contains("TOO_MANY_SOCKETS"))
            // A browser comes back by itself after a stream that ends, and never after a refusal.
            let ended = try await exchange(server, get("/stream"))
            #expect(status(ended.head) == 200 && ended.head.contains("text/event-stream") && ended.body == "retry: 5000\n\n")
            #expect(limits == [.sockets, .sockets])
            try await expect(server, get("/live"), status: 200, body: "live")
            held.forEach { $0.close() }
            try await eventually { server.webSockets + server.streams < 2 }
            try await expect(server, get("/stream"), status: 200)
        }
    }

    @Test func `near the limit of connections each is closed after its answer, so that the next gets its turn`() async throws {
        try await withServer(routes, options: { $0.maxConnections = 4 }) { server in
            let kept = try (0..<3).map { _ in try RawConnection(port: server.port) }
            for connection in kept {
                try await connection.send(get("/live"))
                #expect(try await connection.response().head.contains("Connection: close") == false)
            }
            for _ in 0..<5 { try await expect(server, get("/live"), head: "Connection: close", body: "live") }
            kept.forEach { $0.close() }
        }
    }

    @Test func `sockets count as connections: the next client waits until one ends`() async throws {
        try await withServer(routes, options: { $0.maxConnections = 3 }) { server in
            // The limit is told with each sweep, so any number of times.
            var limits: Set<HTTPServerLimit> = []
            server.router.onLimit = { limits.insert($0) }
            let sockets = try await together(3) { _ in try await WebSocketClient(port: server.port, path: "/socket") }
            try await eventually { server.webSockets == 3 && server.connections == 3 && limits == [.connections] }
            let next = try RawConnection(port: server.port)
            try await next.send(get("/live"))
            await #expect(throws: DeadlineExceeded.self) { try await next.response(within: .milliseconds(300)) }
            #expect(server.connections == 3)
            sockets[0].connection.close()
            #expect(status(try await next.response().head) == 200)
            sockets.forEach { $0.connection.close() }
        }
    }

    @Test(arguments: [(64, 48, 44), (1024, 768, 692), (20_000, 16_000, 15_000), (1 << 20, 16_000, 15_000), (1, 1, 1)])
    func `connections stay below the descriptors, and sockets below the connections`(descriptors: Int, connections: Int, sockets: Int) {
        var options = HTTPServerOptions()
        options.fit(descriptors: descriptors)
        #expect(options.maxConnections == connections && options.maxSockets == sockets)
    }
}
