import EventLoop
import HTTP
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct StrictnessTests {
    private func routes(_ router: HTTPRouter) {
        router.post("/size") { request, _ in HTTPResponse(status: 200, body: "\(request.body.count)") }
        router.get("/") { _, _ in HTTPResponse(status: 200, body: "hello") }
        router.get("/echo") { request, _ in HTTPResponse(status: 200, body: "[\(request.header("X") ?? "")]") }
    }

    /// What follows the first request on the connection, and must not be served as a second one.
    private static let smuggled = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(
        arguments: [
            ("Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked", 400),
            ("Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3", 400),
            ("Host: a\r\nContent-Length: 3\r\nContent-Length: 4", 400),
            ("Host: a\r\nContent-Length: 3\r\nContent-Length: 3", 400),
            ("Host: a\r\nContent-Length: 3, 3", 400),
            ("Host: a\r\nContent-Length: 0x3", 400),
            ("Host: a\r\nContent-Length: -1", 400),
            ("Host: a\r\nTransfer-Encoding: gzip", 501),
            ("Host: a\r\nTransfer-Encoding: gzip, chunked", 501),
            ("Host: a\r\nTransfer-Encoding: xchunked", 501),
            ("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501),
            ("Host: a\r\nHost: b\r\nContent-Length: 0", 400),
            ("Host: a/b\r\nContent-Length: 0", 400),
            ("Content-Length: 0", 400),
            ("Host: a\r\nX Y: z\r\nContent-Length: 0", 400),
            ("Host: a\r\nContent-Length: 16385", 413),
            ("Host: a\r\nContent-Length: 99999999999999999999999", 413),
            ("Host: a\r\nX: \(String(repeating: "x", count: 9000))", 431),
            ("Host: a\r\nX: \(String(repeating: "x", count: 90000))", 431),
            ("Host: a\r\n\(String(repeating: "X: 1\r\n", count: 64))X: 1", 431),
        ] as [(String, Int)])
    func `an ambiguous or oversized head is refused and the connection closed`(_ fields: String, _ expected: Int) async throws {
        try await withServer(routes) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send("POST /size HTTP/1.1\r\n\(fields)\r\n\r\n\(Self.smuggled)")
            let text = try await connection.readToEnd()
            #expect(status(text) == expected)
            #expect(!text.contains("hello"))
        }
    }

    @Test(arguments: ["X: a b", "X:a b", "X:  a b  ", "X:\ta b \t"])
    func `white space around the value of a header is no part of it`(_ field: String) async throws {
        try await withServer(routes) { server in
            try await expect(server, "GET /echo HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n", body: "[a b]")
        }
    }

    @Test func `a body at the limit is read in both framings, one byte more is 413`() async throws {
        try await withServer(routes) { server in
            let full = String(repeating: "x", count: 16384)
            try await expect(server, post("/size", full), body: "16384")
            try await expect(server, chunked(full), body: "16384")
            try await expect(server, post("/size", full + "x"), status: 413)
            try await expect(server, chunked(full + "x"), status: 413)
        }
    }

    @Test func `a much too large body in chunks still lets the client read its 413`() async throws {
        try await withServer(routes) { server in
            let answer = try await exchange(server, chunked(String(repeating: "x", count: 500_000)))
            #expect(status(answer.head) == 413)
            #expect(answer.body.contains("BODY_TOO_LARGE"))
        }
    }

    @Test func `a client that sends a megabyte it has announced reads its 413`() async throws {
        try await withServer(routes) { server in
            for _ in 0..<10 { try await expect(server, post("/size", String(repeating: "x", count: 1_000_000)), status: 413) }
        }
    }

    @Test(arguments: ["GET", "DELETE", "PUT", "BREW"])
    func `a refused head ends the connection for every method`(_ method: String) async throws {
        try await withServer(routes) { server in
            let connection = try RawConnection(port: server.port)
            let body = String(repeating: "x", count: 20_000)
            try await connection.send("\(method) / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n\(body)\(Self.smuggled)")
            let text = try await connection.readToEnd()
            #expect(status(text) == 413 && !text.contains("hello"))
        }
    }

    @Test func `a body in many small pieces is put together after 100 Continue`() async throws {
        try await withServer(routes) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send("POST /size HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 300\r\n\r\n")
            #expect(try await connection.response().head == "HTTP/1.1 100 Continue\r\n\r\n")
            for _ in 0..<30 {
                try await connection.send("0123456789")
                try await sleep(for: .milliseconds(1))
            }
            #expect(try await connection.response().body == "300")
        }
    }

    @Test func `an announced body that is too large is refused before it is asked for`() async throws {
        try await withServer(routes) { server in
            let answer = try await exchange(server, "POST /size HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 20000\r\n\r\n")
            #expect(status(answer.head) == 413)
        }
    }

    @Test func `HTTP 1_0 needs no Host and may not send chunks`() async throws {
        try await withServer(routes) { server in
            try await expect(server, "GET / HTTP/1.0\r\n\r\n", body: "hello")
            try await expect(server, "POST /size HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", status: 400)
        }
    }

    private func chunked(_ body: String) -> String {
        var text = "POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        var rest = body[...]
        while !rest.isEmpty {
            let piece = rest.prefix(4000)
            text += String(piece.utf8.count, radix: 16) + "\r\n" + piece + "\r\n"
            rest = rest.dropFirst(4000)
        }
        return text + "0\r\n\r\n"
    }
}
