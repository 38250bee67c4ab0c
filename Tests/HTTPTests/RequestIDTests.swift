import EventLoop
import HTTP
import TestSupport
import Testing

/// Every answer has an id under which its request can be looked up.
@Suite(.onLoop) @ServiceActor
struct RequestIDTests {
    private func routes(_ router: HTTPRouter) {
        router.post("/id") { request, _ in HTTPResponse(status: 200, body: request.id) }
        router.get("/fails") { _, _ in throw TestFailure("secret") }
        router.get("/slow") { _, _ in
            try await sleep(for: .seconds(60))
            return HTTPResponse(status: 200)
        }
        router.get("/stream") { _, _ in
            let stream = ResponseStream()
            stream.finish()
            return .eventStream(stream)
        }
        router.webSocket("/socket") { request, _, socket in socket.send(text: request.id) }
    }

    private func id(_ head: String) -> String? { field("Request-Id", head) }

    private func field(_ name: String, _ head: String) -> String? {
        let found = head.split(separator: "\r\n").filter { $0.hasPrefix(name + ": ") }
        return found.count == 1 ? String(found[0].dropFirst(name.count + 2)) : nil
    }

    private func isNew(_ id: String?) -> Bool { id?.utf8.count == 32 && id?.allSatisfy { "0123456789abcdef".contains($0) } == true }

    private nonisolated static let trace = "0af7651916cd43dd8448eb211c80319c"

    @Test(
        arguments: [
            ("00-\(trace)-b7ad6b7169203331-01", true), ("cc-\(trace)-b7ad6b7169203331-00", true), ("ff-\(trace)-b7ad6b7169203331-01", false),
            ("00-\(trace.uppercased())-b7ad6b7169203331-01", false), ("00-\(trace)-0000000000000000-01", false),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false), ("00-\(trace)-b7ad6b7169203331-01-x", false), ("", false),
            ("00-\(trace)-b7ad6b7169203331-0", false), ("00_\(trace)-b7ad6b7169203331-01", false), ("\(trace)", false),
        ])
    func `the id is that of the trace if there is a valid one, else a new one`(traceparent: String, isTaken: Bool) async throws {
        try await withServer(routes) { server in
            let answer = try await exchange(server, "POST /id HTTP/1.1\r\nHost: a\r\nTraceparent: \(traceparent)\r\nContent-Length: 0\r\n\r\n")
            #expect(id(answer.head) == answer.body)
            #expect(isTaken ? answer.body == Self.trace : isNew(answer.body) && answer.body != Self.trace)
        }
    }

    @Test func `each request has another one, on one connection too`() async throws {
        try await withServer(routes) { server in
            let connection = try RawConnection(port: server.port)
            var ids: Set<String> = []
            for _ in 0..<100 {
                try await connection.send(post("/id", ""))
                ids.insert(try await connection.response().body)
            }
            #expect(ids.count == 100 && ids.allSatisfy(isNew))
        }
    }

    @Test(
        arguments: [
            (get("/nothing"), 404), (get("/id"), 405), ("OPTIONS /id HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\n\r\n", 204), (get("/fails"), 500),
            (get("/slow"), 503), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400), (post("/id", String(repeating: "x", count: 20_000)), 413),
            (get("/stream"), 200), ("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n", 200), ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204),
            ("GET /?\(String(repeating: "a&", count: 200)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "h: 1\r\n", count: 64))\r\n", 431), ("POST /id HTTP/1.1\r\nHost: a\r\nX: ", 408),
            ("POST /id HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", 408),
        ])
    func `answers of every kind have an id, and say how they may be used`(_ request: String, _ expected: Int) async throws {
        let change: (inout HTTPServerOptions) -> Void = {
            $0.headDeadline = .milliseconds(300)
            $0.bodyDeadline = .milliseconds(300)
            $0.handlerDeadline = .milliseconds(300)
        }
        try await withServer(routes, options: change) { server in
            let (head, _) = try await exchange(server, request)
            #expect(status(head) == expected && isNew(id(head)), "\(head)")
            #expect(field("X-Content-Type-Options", head) == "nosniff" && field("Cache-Control", head) == "no-store", "\(head)")
        }
    }

    @Test func `a refusal that the daemon does not write has the id of the trace too`() async throws {
        try await withServer(routes, options: { $0.bodyDeadline = .milliseconds(300) }) { server in
            let traceparent = "traceparent: 00-\(Self.trace)-b7ad6b7169203331-01"
            let (head, _) = try await exchange(server, "POST /id HTTP/1.1\r\nHost: a\r\n\(traceparent)\r\nContent-Length: 5\r\n\r\nab")
            #expect(status(head) == 408 && id(head) == Self.trace)
        }
    }

    @Test func `a socket's handshake has one, and its handler knows it`() async throws {
        try await withServer(routes) { server in
            let client = try await WebSocketClient(port: server.port, path: "/socket")
            let known = id(client.head)
            #expect(isNew(known))
            #expect(try await client.text() == known)
        }
    }

    @Test func `the log gets the id of a request that failed, and pages of other origins may read it`() async throws {
        try await withServer(routes) { server in
            var logged: [String] = []
            server.router.onError = { logged.append($2) }
            let (head, _) = try await exchange(server, get("/fails", "Origin: https://b"))
            #expect(logged == [id(head)])
            #expect(field("Access-Control-Expose-Headers", head)?.contains("Request-Id") == true)
        }
    }
}
