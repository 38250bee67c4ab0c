import EventLoop
import HTTP
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct RoutingTests {
    private func routes(_ router: HTTPRouter) {
        router.get("/orders/{id}") { request, parameters in
            .json(200, #"{"id":"\#(parameters["id"])","limit":"\#(request.query("limit") ?? "-")"}"#, headers: [("X-Test", "1")])
        }
        router.get("/orders/newest") { _, _ in .json(200, "newest") }
        router.post("/orders/{id}") { request, _ in HTTPResponse(status: 202, body: request.body) }
        router.post("/echo") { request, _ in
            HTTPResponse(status: 200, body: "\(request.method) \(request.target) \(request.header("x-name") ?? "-") \(request.peerAddress)")
        }
        router.get("/refuses") { _, _ in throw Problem(409, TestCode.orderFinal, "The order is final.", members: #""orderId":"7""#) }
        router.get("/breaks") { _, _ in throw TestFailure("secret") }
        router.webSocket("/both") { _, _, socket in socket.close() }
        router.get("/both") { _, _ in HTTPResponse(status: 200, body: "plain") }
        router.webSocket("/socket") { _, _, _ in }
    }

    @Test(
        arguments: [
            ("/orders/7?limit=2&x=%20", 200, #"{"id":"7","limit":"2"}"#),
            ("/orders/a%2Fb", 200, #"{"id":"a/b","limit":"-"}"#),
            ("/orders/newest", 200, "newest"),
            ("/orders/%6Eewest", 200, "newest"),
            ("http://a/orders/8?limit=", 200, #"{"id":"8","limit":""}"#),
            ("/both", 200, "plain"),
            ("/orders/", 404, nil), ("/orders/7/8", 404, nil), ("/", 404, nil), ("//orders/7", 404, nil),
            ("/socket", 426, nil), ("/echo", 405, nil),
            ("/orders/%zz", 400, nil), ("/orders/%00", 400, nil), ("/orders/%ff", 400, nil), ("/orders/\u{1}", 400, nil), ("orders", 400, nil),
        ] as [(String, Int, String?)])
    func `a target is answered by its route, or refused`(_ target: String, _ expected: Int, _ body: String?) async throws {
        try await withServer(routes) { server in
            let answer = try await exchange(server, get(target))
            #expect(status(answer.head) == expected)
            if let body { #expect(answer.body == body) }
            if expected >= 400 {
                #expect(answer.head.contains("Content-Type: application/problem+json\r\n"))
                #expect(answer.body.hasPrefix(#"{"type":"about:blank","title":""#))
                #expect(answer.body.contains(#""status":\#(expected),"success":false,"code":""#))
            }
            #expect(!answer.head.contains("Server:"))
        }
    }

    @Test func `a wrong method gets 405 with Allow, a socket's path 426 with Upgrade`() async throws {
        try await withServer(routes) { server in
            let wrong = try await exchange(server, "DELETE /orders/7 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(status(wrong.head) == 405)
            #expect(wrong.head.contains("Allow: GET, POST, HEAD, OPTIONS\r\n"))
            try await expect(server, get("/socket"), head: "Upgrade: websocket\r\n")
        }
    }

    @Test func `HEAD gets the head of GET and no body`() async throws {
        try await withServer(routes) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send("HEAD /orders/newest HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let text = try await connection.readToEnd()
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.contains("Content-Length: 6\r\n"))
            #expect(text.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `a preflight of any origin names the methods and the headers asked for`() async throws {
        try await withServer(routes) { server in
            let preflight =
                "OPTIONS /orders/7 HTTP/1.1\r\nHost: a\r\nOrigin: https://x\r\nAccess-Control-Request-Method: POST\r\n"
                + "Access-Control-Request-Headers: idempotency-key\r\n\r\n"
            let answer = try await exchange(server, preflight)
            #expect(status(answer.head) == 204)
            #expect(answer.head.contains("Access-Control-Allow-Origin: *\r\n"))
            #expect(answer.head.contains("Access-Control-Allow-Methods: GET, POST, HEAD, OPTIONS\r\n"))
            #expect(answer.head.contains("Access-Control-Allow-Headers: idempotency-key\r\n"))
            try await expect(server, get("/both", "Origin: https://x"), head: "Access-Control-Allow-Origin: *\r\n")
            let without = try await exchange(server, get("/both"))
            #expect(!without.head.contains("Access-Control"))
        }
    }

    @Test func `an origin that is not on the list gets no permission and no socket`() async throws {
        try await withServer(routes, options: { $0.crossOrigin = .own(and: ["https://good"]) }) { server in
            try await expect(server, get("/both", "Origin: https://good"), head: "Access-Control-Allow-Origin: https://good\r\n")
            let without = try await exchange(server, get("/both", "Origin: https://bad"))
            #expect(!without.head.contains("Access-Control"))
            let bad = try await WebSocketClient(port: server.port, path: "/both", headers: WebSocketClient.handshake + ["Origin: https://bad"])
            #expect(bad.status == 403)
        }
    }

    @Test func `a handler sees the request as it was sent`() async throws {
        try await withServer(routes) { server in
            let answer = try await exchange(server, "POST /echo?a=%41 HTTP/1.1\r\nHost: a\r\nX-NAME: v w\r\nContent-Length: 0\r\n\r\n")
            #expect(answer.body == "POST /echo?a=%41 v w 127.0.0.1")
        }
    }

    @Test func `a thrown problem is the answer, another error a plain 500 for the log`() async throws {
        try await withServer(routes) { server in
            var logged: [String] = []
            server.router.onError = { logged.append("\($1): \($0)\($2.isEmpty ? " without an id" : "")") }
            let refused = try await exchange(server, get("/refuses"))
            #expect(
                refused.body
                    == #"{"type":"about:blank","title":"Conflict","status":409,"success":false,"code":"ORDER_FINAL","#
                    + #""error":"The order is final.","orderId":"7"}"#
            )
            let broken = try await exchange(server, get("/breaks"))
            #expect(status(broken.head) == 500 && !broken.body.contains("secret"))
            #expect(logged == ["/breaks: secret"])
        }
    }

    @Test func `each request is observed once, by its route's pattern`() async throws {
        try await withServer(routes) { server in
            var observed: [String] = []
            server.router.onRequest = { route, status, seconds in
                #expect(seconds >= 0 && seconds < 5)
                observed.append("\(route) \(status)")
            }
            for path in ["/orders/7", "/nothing", "/orders/newest"] { _ = try await exchange(server, get(path)) }
            #expect(observed == ["/orders/{id} 200", "unmatched 404", "/orders/newest 200"])
        }
    }
}
