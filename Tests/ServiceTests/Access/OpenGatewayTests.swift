import EventLoop
import HTTP
import JSON
import TestSupport
import Testing

/// Tests what a page of another site can do at a gateway without keys, which is for whoever reaches it.
@Suite(.onLoop) @ServiceActor
struct OpenGatewayTests {
    private static let order = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5}"#
    private static let json = "Content-Type: application/json"

    @Test func `a page of another origin changes nothing, and no answer is for it to read`() async throws {
        try await withGateway(["ALLOWED_ORIGINS": "https://friend.example"]) { _, http in
            for origin in ["https://evil.example", "null", "http://engine.test.evil.example", "http://engine.test:81"] {
                for (method, path) in [("POST", "/api/orders/execute"), ("POST", "/api/door/pause"), ("DELETE", "/api/orders/\(Samples.id())")] {
                    let answer = try await http.send(method, path, [Self.json, "Origin: \(origin)"], body: method == "POST" ? Self.order : "")
                    #expect(answer.status == 403 && answer["code"]?.string == "ORIGIN_NOT_ALLOWED", "\(origin) \(path): \(answer.body)")
                }
                let read = try await http.get("/api/tokens", "Origin: \(origin)")
                #expect(read.status == 200 && read.header("Access-Control-Allow-Origin") == nil, "\(origin)")
            }
            for origin in ["http://engine.test", "https://friend.example"] {
                let answer = try await http.send("POST", "/api/orders/execute", [Self.json, "Origin: \(origin)"], body: Self.order)
                #expect(answer.status == 202 && answer.header("Access-Control-Allow-Origin") == origin, "\(origin): \(answer.head)")
            }
        }
    }

    @Test func `whoever asks is told that no key is needed`() async throws {
        try await withGateway { _, http in
            for header in ["X: y", "Authorization: Bearer oek_0"] {
                let answer = try await http.get("/api/access", header)
                #expect(answer.status == 200 && answer.body == #"{"mode":"open","name":null,"scopes":["trade","read","operate"],"user":null}"#)
            }
        }
    }

    @Test func `what costs an operator's rights is not loaded by a page without Origin either`() async throws {
        try await withGateway { _, http in
            for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)] {
                let answer = try await http.get("/api/doctor", "Sec-Fetch-Site: \(site)")
                #expect(answer.status == status, "\(site)")
            }
            let tokens = try await http.get("/api/tokens", "Sec-Fetch-Site: cross-site")
            #expect(tokens.status == 200)
        }
    }

    @Test func `an operator's request that a form could send is refused`() async throws {
        try await withGateway { _, http in
            for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
                let answer = try await http.send("POST", "/api/door/pause", ["Content-Type: \(type)"])
                #expect(answer.status == 415, "\(type)")
            }
            #expect(try await http.send("POST", "/api/door/pause", ["Content-Type:"]).status == 415)
            #expect(try await http.send("POST", "/api/door/pause", [Self.json]).status == 200)
            #expect(try await http.send("POST", "/api/door/resume", [Self.json]).status == 200)
        }
    }

    @Test func `under a name that is not the engine's own nothing is answered`() async throws {
        try await withGateway(["ALLOWED_HOSTS": "engine.example"]) { _, http in
            for (host, status) in [
                ("evil.example", 421), ("engine.example", 200), ("ENGINE.example.:3000", 200), ("localhost:3000", 200), ("127.0.0.1", 200),
                ("[::1]:3000", 200), ("gateway:8080", 200), ("127.0.0.1.evil.example", 421), ("1.2.3.4.5", 421),
            ] {
                let connection = try RawConnection(port: http.server.port)
                defer { connection.close() }
                try await connection.send("GET /api/tokens HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                let (head, body) = try await connection.response()
                #expect(head.hasPrefix("HTTP/1.1 \(status) "), "\(host): \(head)")
                #expect(status == 200 || body.contains("HOST_NOT_ALLOWED"))
            }
        }
    }
}
