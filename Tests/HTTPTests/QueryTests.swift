import EventLoop
import HTTP
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct QueryTests {
    private func routes(_ router: HTTPRouter) {
        router.get("/list", query: ["userId", "limit"]) { request, _ in .json(200, request.query("userId") ?? "-") }
        router.post("/list", query: []) { _, _ in .json(200, "posted") }
        router.get("/any") { request, _ in .json(200, request.query("a") ?? "-") }
        router.webSocket("/socket", query: ["after"]) { _, _, socket in socket.close() }
    }

    @Test(
        arguments: [
            ("/list?userid=a", "userid", "the name is userId"), ("/list?user_id=a", "user_id", "the name is userId"),
            ("/list?status=a", "status", "this path takes userId, limit"), ("/list?userId=a&userId=a", "userId", "must be given once"),
            ("/list?limit=1&userId=&limit=2", "limit", "must be given once"), ("/list?=1", "without a readable name", "not known"),
            ("/list?%E2%84%AA=1", "without a readable name", "not known"), ("/list?user%49d=a&userId=b", "userId", "must be given once"),
        ])
    func `a parameter that a path does not take, or takes once, is refused by its name`(_ path: String, _ field: String, _ reason: String)
        async throws
    {
        try await withServer(routes) { server in
            let answer = try await exchange(server, get(path))
            #expect(status(answer.head) == 400 && answer.body.contains(#""code":"BAD_REQUEST""#))
            #expect(answer.body.contains(#""errors":[{"field":"\#(field)""#) && answer.body.contains(reason), "\(answer.body)")
        }
    }

    @Test func `what a path takes is let through, and a path without names takes anything`() async throws {
        try await withServer(routes) { server in
            try await expect(server, get("/list?userId=a%20b&limit=1"), status: 200, body: "a b")
            try await expect(server, get("/list?&"), status: 200, body: "-")
            try await expect(server, get("/any?a=1&a=2&b=3"), status: 200, body: "1")
            try await expect(server, post("/list", "x"), status: 200, body: "posted")
            try await expect(server, post("/list?dryRun=1", "x"), status: 400)
        }
    }

    @Test func `a refusal of many parameters is bounded`() async throws {
        try await withServer(routes) { server in
            let query = (0..<60).map { "p\($0)=1" }.joined(separator: "&") + "&" + String(repeating: "q", count: 3000)
            let answer = try await exchange(server, get("/list?" + query))
            #expect(status(answer.head) == 400 && answer.body.utf8.count < 2000)
        }
    }

    @Test func `a socket's path refuses them in its handshake`() async throws {
        try await withServer(routes) { server in
            let wrong = try await WebSocketClient(port: server.port, path: "/socket?After=1")
            #expect(wrong.status == 400)
            let right = try await WebSocketClient(port: server.port, path: "/socket?after=1")
            #expect(right.status == 101)
        }
    }

    @Test(
        arguments: [
            ("/list/", "There is nothing at /list/: the path is /list."), ("//list", "There is nothing at //list: the path is /list."),
            ("/LIST", "There is nothing at /LIST: the path is /list."), ("/lost", "There is nothing at /lost."),
            ("/" + String(repeating: "x", count: 4000), "There is nothing at /\(String(repeating: "x", count: 124))...."),
        ])
    func `nothing at a path is said with the path, and with the one that was meant`(_ path: String, _ sentence: String) async throws {
        try await withServer(routes) { server in
            let answer = try await exchange(server, get(path))
            #expect(status(answer.head) == 404 && answer.body.contains(#""code":"NOT_FOUND","error":"\#(sentence)""#), "\(answer.body)")
        }
    }

    @Test(arguments: [("gzip", 415), ("br", 415), ("identity", 200), ("Identity", 200)])
    func `a packed body is refused, not taken for nonsense`(_ encoding: String, _ expected: Int) async throws {
        try await withServer(routes) { server in
            let text = "POST /list HTTP/1.1\r\nHost: a\r\nContent-Encoding: \(encoding)\r\nContent-Length: 2\r\n\r\n\u{1f}x"
            let answer = try await exchange(server, text)
            #expect(status(answer.head) == expected)
            if expected == 415 { #expect(answer.body.contains("UNSUPPORTED_MEDIA_TYPE") && answer.body.contains("gzip")) }
        }
    }
}
