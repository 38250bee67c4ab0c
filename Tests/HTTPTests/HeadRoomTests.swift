import EventLoop
import HTTP
import TestSupport
import Testing

/// What a handler has done, its client gets to know: no head leaves too little of the connection's memory for the answer.
@Suite(.onLoop) @ServiceActor
struct HeadRoomTests {
    /// The longest head that this server's answers have: all that the gateway sends, and some more.
    private static let answerHeaders =
        [("Location", "/" + String(repeating: "p", count: 2040) + "/api/orders/0198c1f2-0000-7000-8000-000000000000")]
        + (0..<6).map { ("X-Answer-\($0)", String(repeating: "v", count: 100)) }

    private func withCounter(_ body: (HTTPServer, @ServiceActor () -> Int) async throws -> Void) async throws {
        var handled = 0
        let change: (inout HTTPServerOptions) -> Void = {
            $0.headDeadline = .milliseconds(500)
            $0.bodyDeadline = .milliseconds(500)
        }
        try await withServer(routes, options: change) { try await body($0) { handled } }

        func routes(_ router: HTTPRouter) {
            router.post("/order") { _, _ in
                handled += 1
                return .json(202, "{}", headers: Self.answerHeaders)
            }
        }
    }

    private func request(headers: Int, width: Int, cookies: Int = 0, arguments: Int = 0, body: Int = 0, then next: String = "") -> String {
        var text = "POST /order" + (arguments > 0 ? "?" + String(repeating: "a&", count: arguments) : "")
        text += " HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\n"
        for index in 0..<headers { text += "h\(index):" + String(repeating: "x", count: width) + "\r\n" }
        if cookies > 0 { text += "Cookie: " + (0..<cookies).map { "c\($0)=1" }.joined(separator: ";") + "\r\n" }
        return text + "Content-Length: \(body)\r\n\r\n" + String(repeating: "b", count: body) + next
    }

    /// Sends a request; an answer has to come, and 202 where and only where the handler ran.
    private func send(_ text: String, to server: HTTPServer, _ handled: @ServiceActor () -> Int, _ what: String) async throws -> Int {
        let before = handled()
        let connection = try RawConnection(port: server.port)
        defer { connection.close() }
        var code = 0
        do {
            try await connection.send(text)
            code = status(try await connection.response().head)
        } catch {
            Issue.record("\(what): \(error)")
        }
        #expect((code == 202) == (handled() == before + 1), "\(what): \(code)")
        #expect([202, 414, 431].contains(code), "\(what): \(code)")
        return code
    }

    @Test func `however many headers, cookies and parameters come, what was done is answered, and the rest refused`() async throws {
        try await withCounter { server, handled in
            for headers in [1, 40, 60, 61, 62, 64, 90, 100, 120, 150, 162, 170, 200, 300, 1000] {
                for width in [0, 1, 20, 60] {
                    let code = try await send(request(headers: headers, width: width), to: server, handled, "\(headers) headers of \(width)")
                    let isSmall = headers + 3 <= 64 && headers * (width + 5) < 7500
                    #expect((code == 202) == isSmall, "\(headers) headers of \(width): \(code)")
                }
            }
            for count in [1, 50, 100, 120, 128, 130, 150, 200, 260, 500, 2000] {
                _ = try await send(request(headers: 10, width: 5, cookies: count), to: server, handled, "\(count) cookies")
                _ = try await send(request(headers: 10, width: 5, arguments: count), to: server, handled, "\(count) parameters")
                _ = try await send(request(headers: 60, width: 50, cookies: count / 4, arguments: count / 4), to: server, handled, "\(count) mixed")
            }
        }
    }

    @Test func `an answer has room also while a next request fills the buffer for reading`() async throws {
        try await withCounter { server, handled in
            let next = String(repeating: "POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", count: 2000)
            for (headers, width) in [(0, 0), (50, 20), (61, 0), (61, 120)] {
                for body in [0, 10, 9000, 16_384] {
                    let before = handled()
                    let connection = try RawConnection(port: server.port)
                    defer { connection.close() }
                    try await connection.send(request(headers: headers, width: width, body: body, then: next))
                    for _ in 0..<50 { #expect(status(try await connection.response().head) == 202, "\(headers) of \(width), \(body)") }
                    #expect(handled() >= before + 50)
                }
            }
        }
    }

    @Test func `no answer grows with a header of the request`() async throws {
        try await withCounter { server, _ in
            let wanted = String(repeating: "x-h,", count: 1500)
            let preflight =
                "OPTIONS /order HTTP/1.1\r\nHost: a\r\nOrigin: https://\(String(repeating: "o", count: 1000))\r\n"
                + "X-Request-Id: \(String(repeating: "r", count: 900))\r\n"
                + "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: \(wanted)\r\n\r\n"
            let answer = try await exchange(server, preflight)
            #expect(status(answer.head) == 204 && answer.head.utf8.count < 1000)
            #expect(answer.head.contains("Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key"))
        }
    }

    @Test(
        arguments: [
            "Content-Length: 9223372036854775807", "Content-Length: 9223372036854775808", "Content-Length: 18446744073709551615",
            "Content-Length: 18446744073709551616", "Content-Length: \(String(repeating: "9", count: 500))", "Content-Length: -9223372036854775808",
            "Content-Length: 1e9", "Content-Length: +1", "Content-Length:", "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", "Transfer-Encoding: chunked\r\n\r\n\(String(repeating: "f", count: 300))\r\n",
            "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n",
            "Transfer-Encoding: chunked\r\n\r\n0x5\r\n", "Transfer-Encoding: chunked\r\n\r\n;\r\n",
        ])
    func `a number in a head or of a chunk is never more than a refusal`(_ fields: String) async throws {
        try await withCounter { server, handled in
            let connection = try RawConnection(port: server.port)
            defer { connection.close() }
            try await connection.send("POST /order HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n")
            connection.finishSending()
            let text = try await connection.readToEnd()
            #expect(text.isEmpty || (400..<600).contains(status(text)), "\(text.prefix(100))")
            #expect(handled() == 0)
            // And the server goes on.
            #expect(try await send(request(headers: 1, width: 1), to: server, handled, "next") == 202)
        }
    }

    @Test(
        arguments: [
            "GET /order\r\n\r\n", "GET /order HTTP/\r\n\r\n", "GET /order HTTP/1\r\n\r\n",
            "GET /order HTTP/99999999999999999999.1\r\nHost: a\r\n\r\n",
        ])
    func `a version that is none is refused`(_ text: String) async throws {
        try await withCounter { server, handled in
            let connection = try RawConnection(port: server.port)
            defer { connection.close() }
            try await connection.send(text)
            connection.finishSending()
            let code = status(try await connection.readToEnd())
            #expect(code == 0 || code >= 400)
            #expect(handled() == 0)
        }
    }
}
