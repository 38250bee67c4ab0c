import EventLoop
import HTTP
import TestSupport
import Testing

/// Answers whose body is written while it is read.
@Suite(.onLoop) @ServiceActor
struct ResponseStreamTests {
    /// A stream that a test writes to, and what became of it.
    @ServiceActor
    private final class Source {
        let stream: ResponseStream
        let ended = Promise<ResponseStream.End>()
        let asked = LoopSignal()

        init(limit: Int = 64 * 1024, keepAlive: Duration? = nil) {
            stream = ResponseStream(limit: limit, keepAlive: keepAlive.map { ($0, ": here\n") })
            stream.onEnd = { [ended] in ended.succeed($0) }
        }

        var routes: (HTTPRouter) -> Void {
            { router in
                router.get("/stream") { [self] _, _ in
                    asked.notify()
                    return HTTPResponse.eventStream(stream)
                }
                router.get("/now") { _, _ in HTTPResponse(status: 200, body: "now") }
            }
        }

        /// A client that has read the head.
        func connect(_ server: HTTPServer, receiveBuffer: Int32? = nil) async throws -> RawConnection {
            let connection = try RawConnection(port: server.port, receiveBuffer: receiveBuffer)
            try await connection.send(HTTPTests.get("/stream"))
            let (head, _) = try await connection.response()
            #expect(status(head) == 200 && head.contains("Transfer-Encoding: chunked\r\n") && head.contains("Content-Type: text/event-stream\r\n"))
            return connection
        }
    }

    private func chunk(_ text: String) -> String { "\(String(text.utf8.count, radix: 16, uppercase: true))\r\n\(text)\r\n" }

    private func next(_ connection: RawConnection, _ expected: String) async throws {
        try await connection.read { $0.count >= expected.utf8.count }
        #expect(String(decoding: connection.take(expected.utf8.count), as: UTF8.self) == expected)
    }

    @Test func `each write reaches the client at once, and the connection is kept after the end`() async throws {
        let source = Source()
        source.stream.write("before")
        try await withServer(source.routes) { server in
            let connection = try await source.connect(server)
            try await next(connection, chunk("before"))
            for text in ["one", "two"] {
                #expect(source.stream.write(text))
                try await next(connection, chunk(text))
            }
            #expect(server.streams == 1)
            source.stream.write("last")
            source.stream.finish()
            try await next(connection, chunk("last") + "0\r\n\r\n")
            #expect(try await source.ended.value == .finished)
            #expect(!source.stream.write("more"))
            try await connection.send(get("/now"))
            #expect(try await connection.response().body == "now")
            #expect(server.streams == 0)
        }
    }

    @Test func `a client of HTTP 1,0 reads until the connection ends`() async throws {
        let source = Source()
        try await withServer(source.routes) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send("GET /stream HTTP/1.0\r\n\r\n")
            #expect(try await source.asked.wait(upTo: .seconds(5)))
            source.stream.write("one")
            source.stream.finish()
            let text = try await connection.readToEnd()
            #expect(text.hasSuffix("\r\n\r\none") && !text.contains("chunked"))
        }
    }

    @Test func `HEAD gets the head alone, and the writer learns that nobody reads`() async throws {
        let source = Source()
        try await withServer(source.routes) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            let text = try await connection.readToEnd()
            #expect(status(text) == 200 && text.contains("text/event-stream") && text.hasSuffix("\r\n\r\n"))
            #expect(!text.contains("chunked"))
            #expect(try await source.ended.value(within: .seconds(5)) == .finished)
        }
    }

    @Test func `a client that goes away is noticed though nothing is written`() async throws {
        let source = Source()
        try await withServer(source.routes) { server in
            let connection = try await source.connect(server)
            connection.close()
            #expect(try await source.ended.value(within: .seconds(5)) == .gone)
            try await eventually { server.connections == 0 && server.streams == 0 }
            try await expect(server, get("/now"), body: "now")
        }
    }

    @Test func `a client that has gone before the answer came ends the stream`() async throws {
        let source = Source()
        let entered = LoopSignal()
        let release = Promise<Void>()
        let routes: (HTTPRouter) -> Void = { router in
            router.get("/stream") { _, _ in
                entered.notify()
                try await release.value
                return HTTPResponse.eventStream(source.stream)
            }
        }
        try await withServer(routes) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send(get("/stream"))
            #expect(try await entered.wait(upTo: .seconds(5)))
            connection.close()
            release.succeed(())
            #expect(try await source.ended.value(within: .seconds(5)) == .gone)
            try await eventually { server.connections == 0 }
        }
    }

    @Test func `an answer that came too late ends the stream`() async throws {
        let source = Source()
        let release = Promise<Void>()
        let routes: (HTTPRouter) -> Void = { router in
            router.get("/stream") { _, _ in
                _ = try? await release.value(within: .seconds(10))
                return HTTPResponse.eventStream(source.stream)
            }
        }
        try await withServer(routes, options: { $0.handlerDeadline = .milliseconds(100) }) { server in
            try await expect(server, get("/stream"), status: 503)
            #expect(try await source.ended.value(within: .seconds(5)) == .gone)
        }
    }

    @Test func `a reader that is too far behind is cut off`() async throws {
        let source = Source(limit: 100_000)
        try await withServer(source.routes) { server in
            let connection = try await source.connect(server, receiveBuffer: 4096)
            let piece = String(repeating: "x", count: 10_000)
            var written = 0
            // The kernel takes a few megabytes before anything waits here.
            while source.stream.write(piece) && written < 10_000 {
                written += 1
                if written % 5 == 0 { try await sleep(for: .milliseconds(1)) }
            }
            #expect(written < 10_000)
            #expect(try await source.ended.value == .tooSlow)
            try await eventually { server.connections == 0 }
            connection.close()
        }
    }

    @Test func `a reader that takes nothing for too long is cut off, one of a silent stream is not`() async throws {
        let stuck = Source(limit: 1 << 30)
        let silent = Source()
        let routes: (HTTPRouter) -> Void = { router in
            router.get("/stream") { _, _ in HTTPResponse.eventStream(stuck.stream) }
            router.get("/silent") { _, _ in HTTPResponse.eventStream(silent.stream) }
        }
        try await withServer(routes, options: { $0.responseDeadline = .milliseconds(300) }) { server in
            let quiet = try RawConnection(port: server.port)
            try await quiet.send(get("/silent"))
            _ = try await quiet.response()
            let connection = try await stuck.connect(server, receiveBuffer: 4096)
            stuck.stream.write(String(repeating: "x", count: 20_000_000))
            #expect(try await stuck.ended.value(within: .seconds(5)) == .tooSlow)
            #expect(silent.stream.write("still here"))
            try await next(quiet, chunk("still here"))
            connection.close()
        }
    }

    @Test func `silence is filled with the keep-alive text`() async throws {
        let source = Source(keepAlive: .milliseconds(50))
        try await withServer(source.routes) { server in
            let connection = try await source.connect(server)
            try await connection.read { bytes in bytes.count { $0 == UInt8(ascii: ":") } >= 3 }
            // Texts that are written before the first is sent share a chunk. Each chunk is a line with its size, then its text.
            let lines = String(decoding: connection.received, as: UTF8.self).split(separator: "\r\n")
            let texts = lines.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element).joined()
            #expect(texts.count >= 21 && texts == String(repeating: ": here\n", count: texts.count / 7))
        }
    }

    @Test func `a stopping server ends streams cleanly, with what was written`() async throws {
        let source = Source()
        try await withServer(source.routes) { server in
            let connection = try await source.connect(server)
            source.stream.write("one")
            let start = MonotonicInstant.now
            await server.stop(within: .seconds(5))
            #expect(start.elapsed < .seconds(3))
            #expect(try await connection.readToEnd() == chunk("one") + "0\r\n\r\n")
            #expect(try await source.ended.value == .stopping)
        }
    }

    @Test func `streams that nobody reads do not hold up a stop`() async throws {
        let source = Source(limit: 1 << 30)
        try await withServer(source.routes) { server in
            let connection = try await source.connect(server, receiveBuffer: 4096)
            source.stream.write(String(repeating: "x", count: 20_000_000))
            await server.stop(within: .milliseconds(300))
            #expect(server.connections == 0)
            connection.close()
        }
    }
}
