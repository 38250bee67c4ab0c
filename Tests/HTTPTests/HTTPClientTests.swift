import EventLoop
import HTTP
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct HTTPClientTests {
    private let client: HTTPClient

    init() {
        var options = HTTPClientOptions()
        options.usesEnvironmentProxy = false
        client = HTTPClient(options: options)
    }

    private func routes(_ router: HTTPRouter) {
        router.get("/json") { request, _ in .json(200, #"{"a":"\#(request.query("a") ?? "")"}"#, headers: [("X-One", request.header("x-one") ?? "-")])
        }
        router.post("/echo") { request, _ in
            HTTPResponse(status: 201, headers: [("Content-Type", request.header("content-type") ?? "-")], body: request.body)
        }
        router.get("/moved") { _, _ in HTTPResponse(status: 302, headers: [("Location", "/json")]) }
        router.get("/slow") { _, _ in
            try await sleep(for: .seconds(30))
            return HTTPResponse(status: 200)
        }
        router.get("/large") { _, _ in HTTPResponse(status: 200, body: [UInt8](repeating: 65, count: 100_000)) }
    }

    private func url(_ server: HTTPServer, _ path: String) -> String { "http://127.0.0.1:\(server.port)\(path)" }

    @Test func `an answer comes with its status, headers and body, and the connection is used again`() async throws {
        try await withServer(routes) { server in
            let first = try await client.get(url(server, "/json?a=1"), headers: [("X-One", "two")])
            #expect(first.status == 200 && first.body == Array(#"{"a":"1"}"#.utf8))
            #expect(first.header("x-one") == "two" && !first.usedKeptConnection)
            let second = try await client.post(url(server, "/echo"), headers: [("Content-Type", "text/x")], body: Array("a\0b".utf8))
            #expect(second.status == 201 && second.body == Array("a\0b".utf8))
            #expect(second.header("content-type") == "text/x" && second.usedKeptConnection)
            let empty = try await client.post(url(server, "/echo"), body: [])
            #expect(empty.status == 201 && empty.body.isEmpty)
            for (path, status) in [("/moved", 302), ("/nothing", 404)] {
                let answer = try await client.get(url(server, path))
                #expect(answer.status == status)
            }
            #expect(server.connections == 1)
        }
    }

    @Test func `many requests at once share a bounded number of connections`() async throws {
        try await withServer(routes) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<300 { group.addTask { try await self.ask(server, number) } }
                try await group.waitForAll()
            }
            #expect(server.connections <= 32)
            #expect(client.requestsInHand == 0)
        }
    }

    private func ask(_ server: HTTPServer, _ number: Int) async throws {
        let answer = try await client.get(url(server, "/json?a=\(number)"))
        #expect(answer.body == Array(#"{"a":"\#(number)"}"#.utf8))
    }

    @Test func `a slow answer ends with timedOut in time`() async throws {
        try await withServer(routes) { server in
            let start = MonotonicInstant.now
            await #expect(throws: HTTPClientError.timedOut) { try await client.get(url(server, "/slow"), timeout: .milliseconds(150)) }
            #expect(start.elapsed >= .milliseconds(140) && start.elapsed < .seconds(3))
        }
    }

    @Test func `a stream is handed over piece by piece, an answer that is none has its body`() async throws {
        let source = ResponseStream()
        let more: (HTTPRouter) -> Void = { router in
            router.get("/stream") { _, _ in .eventStream(source) }
            router.get("/no") { _, _ in .json(404, "gone") }
        }
        try await withServer(more) { server in
            var pieces: [String] = []
            let task = Loop.spawn {
                try await client.stream(url(server, "/stream"), timeout: .seconds(20)) { pieces.append(String(decoding: $0, as: UTF8.self)) }
            }
            for text in ["a", "b"] {
                source.write(text)
                try await eventually { pieces.joined().hasSuffix(text) }
            }
            source.finish()
            let answer = try await task.value
            #expect(answer.status == 200 && answer.body.isEmpty && pieces == ["a", "b"])
            let refusal = try await client.stream(url(server, "/no"), timeout: .seconds(20)) { _ in pieces.append("?") }
            #expect(refusal.status == 404 && refusal.body == Array("gone".utf8) && pieces.count == 2)
        }
    }

    @Test func `a cancelled request ends at once`() async throws {
        try await withServer(routes) { server in
            let task = Loop.spawn { try await client.get(url(server, "/slow"), timeout: .seconds(30)) }
            try await eventually { server.requestsInHand == 1 }
            let start = MonotonicInstant.now
            task.cancel()
            await #expect(throws: HTTPClientError.cancelled) { try await task.value }
            #expect(start.elapsed < .seconds(2) && client.requestsInHand == 0)
            let early = Loop.spawn { try await client.get(url(server, "/json")) }
            early.cancel()
            await #expect(throws: HTTPClientError.cancelled) { try await early.value }
        }
    }

    @Test func `an answer over its limit is tooLarge, announced or not`() async throws {
        try await withServer(routes) { server in
            await #expect(throws: HTTPClientError.tooLarge) { try await client.get(url(server, "/large"), maxResponseBytes: 99_999) }
            let whole = try await client.get(url(server, "/large"), maxResponseBytes: 100_000)
            #expect(whole.body.count == 100_000)
        }
        let unannounced = "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 1000)
        await #expect(throws: HTTPClientError.tooLarge) { try await answer(from: unannounced, limit: 999) }
        let allowed = try await answer(from: unannounced, limit: 1000)
        #expect(allowed.body.count == 1000)
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", ""])
    func `an answer that ends too early is truncated`(_ bytes: String) async throws {
        await #expect(throws: HTTPClientError.truncated) { try await answer(from: bytes) }
    }

    @Test func `refused connections, unknown hosts, untrusted TLS and bad URLs are told apart`() async throws {
        let port = try freePort()
        await #expect(throws: HTTPClientError.refused) { try await client.get("http://127.0.0.1:\(port)/") }
        await #expect(throws: HTTPClientError.dns) { try await client.get("http://no-such-host.invalid/") }
        try await withServer(routes) { server in
            await #expect(throws: HTTPClientError.tls) { try await client.get("https://127.0.0.1:\(server.port)/json", timeout: .seconds(3)) }
        }
        for url in ["ftp://127.0.0.1/", "file:///etc/passwd", "nonsense://", ""] {
            await #expect(throws: HTTPClientError.self) { try await client.get(url) }
        }
        await #expect(throws: HTTPClientError.self) { try await client.get("http://127.0.0.1:\(port)/", headers: [("X", "a\r\nY: b")]) }
    }

    /// What the client makes of a server that says exactly these bytes and closes.
    private func answer(from bytes: String, limit: Int = 10_000) async throws -> HTTPClientResponse {
        let listener = try OneAnswerServer(bytes)
        defer { listener.close() }
        return try await client.get("http://127.0.0.1:\(listener.port)/", maxResponseBytes: limit)
    }
}
