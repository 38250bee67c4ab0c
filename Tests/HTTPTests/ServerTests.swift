import EventLoop
import Glibc
import TestSupport
import Testing

@testable import HTTP

@Suite(.onLoop) @ServiceActor
struct ServerTests {
    /// `/wait` answers once the promise is kept.
    private func routes(_ release: Promise<Void>, _ entered: LoopSignal = LoopSignal()) -> (HTTPRouter) -> Void {
        { router in
            router.get("/now") { _, _ in HTTPResponse(status: 200, body: "now") }
            router.get("/wait") { _, _ in
                entered.notify()
                try await release.value
                return HTTPResponse(status: 200, body: "waited")
            }
            router.post("/echo") { request, _ in
                try await sleep(for: .milliseconds(1))
                return HTTPResponse(status: 200, body: request.body)
            }
        }
    }

    @Test func `pipelined requests are answered in order though the first one waits`() async throws {
        let release = Promise<Void>()
        try await withServer(routes(release)) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send(post("/echo", "1") + get("/wait") + post("/echo", "2") + get("/now"))
            #expect(try await connection.response().body == "1")
            release.succeed(())
            for expected in ["waited", "2", "now"] { #expect(try await connection.response().body == expected) }
            #expect(server.connections == 1)
        }
    }

    @Test func `many requests at once each get their own answer`() async throws {
        try await withServer(routes(Promise())) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<100 { group.addTask { try await self.askTenTimes(server, client) } }
                try await group.waitForAll()
            }
            #expect(server.requestsInHand == 0)
        }
    }

    private func askTenTimes(_ server: HTTPServer, _ client: Int) async throws {
        let connection = try RawConnection(port: server.port)
        for request in 0..<10 {
            try await connection.send(post("/echo", "\(client)-\(request)"))
            #expect(try await connection.response().body == "\(client)-\(request)")
        }
    }

    @Test func `a client that goes away while its handler works harms nobody`() async throws {
        let release = Promise<Void>()
        let entered = LoopSignal()
        try await withServer(routes(release, entered)) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send(get("/wait"))
            #expect(try await entered.wait(upTo: .seconds(5)))
            connection.close()
            release.succeed(())
            try await eventually { server.connections == 0 && server.requestsInHand == 0 }
            try await expect(server, get("/now"), body: "now")
        }
    }

    @Test func `a handler that takes too long is cancelled and the client gets 503`() async throws {
        let entered = LoopSignal()
        let cancelled = Promise<Bool>()
        let routes: (HTTPRouter) -> Void = { router in
            router.get("/wait") { _, _ in
                entered.notify()
                do { try await sleep(for: .seconds(30)) } catch { cancelled.succeed(true) }
                return HTTPResponse(status: 200)
            }
        }
        try await withServer(routes, options: { $0.handlerDeadline = .milliseconds(200) }) { server in
            let answer = try await exchange(server, get("/wait"))
            #expect(status(answer.head) == 503)
            #expect(answer.head.contains("Retry-After: 1\r\n"))
            #expect(try await cancelled.value(within: .seconds(5)))
        }
    }

    @Test(arguments: [("GET", "TIMEOUT"), ("HEAD", ""), ("POST", "OUTCOME_UNKNOWN"), ("DELETE", "OUTCOME_UNKNOWN")])
    func `what may have been carried out is not called a mere time-out`(_ method: String, _ code: String) async throws {
        func routes(_ router: HTTPRouter) {
            for method in ["GET", "POST", "DELETE"] {
                router.add(method, "/wait") { _, _ in
                    try await sleep(for: .seconds(30))
                    return HTTPResponse(status: 200)
                }
            }
        }
        try await withServer(routes, options: { $0.handlerDeadline = .milliseconds(200) }) { server in
            let connection = try RawConnection(port: server.port)
            defer { connection.close() }
            try await connection.send("\(method) /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let text = try await connection.readToEnd()
            #expect(status(text) == 503 && text.contains(#""code":"\#(code)""#) == !code.isEmpty)
        }
    }

    @Test(arguments: [
        ("", ""), ("GET / HT", ""), ("GET / HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 408"),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", "HTTP/1.1 408"),
    ])
    func `a request that never becomes whole is cut off, with 408 once it has begun`(_ beginning: String, _ expected: String) async throws {
        let change: (inout HTTPServerOptions) -> Void = {
            $0.headDeadline = .milliseconds(300)
            $0.bodyDeadline = .milliseconds(300)
        }
        try await withServer(routes(Promise()), options: change) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send(beginning)
            let text = try await connection.readToEnd(within: .seconds(5))
            #expect(text.hasPrefix(expected) && text.isEmpty == expected.isEmpty)
            try await eventually { server.connections == 0 }
        }
    }

    @Test func `a client that dribbles bytes gains no time`() async throws {
        try await withServer(routes(Promise()), options: { $0.headDeadline = .milliseconds(300) }) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send("GET /now HTTP/1.1\r\nHost: a\r\nX: ")
            let start = MonotonicInstant.now
            let dribble = Loop.spawn {
                while !Task.isCancelled {
                    try await connection.send("x")
                    try await sleep(for: .milliseconds(20))
                }
            }
            #expect(try await connection.readToEnd(within: .seconds(5)).hasPrefix("HTTP/1.1 408"))
            #expect(start.elapsed < .seconds(3))
            dribble.cancel()
            _ = try? await dribble.value
        }
    }

    @Test func `an idle kept connection is closed in time`() async throws {
        try await withServer(routes(Promise()), options: { $0.keepAlive = .milliseconds(300) }) { server in
            let connection = try RawConnection(port: server.port)
            try await connection.send(get("/now"))
            _ = try await connection.response()
            #expect(try await connection.readToEnd(within: .seconds(5)) == "")
        }
    }

    @Test func `a large answer arrives whole, and a client that does not read it is cut off`() async throws {
        let large = [UInt8](repeating: 120, count: 12_000_000)
        let routes: (HTTPRouter) -> Void = { $0.get("/large") { _, _ in HTTPResponse(status: 200, body: large) } }
        try await withServer(routes, options: { $0.responseDeadline = .milliseconds(500) }) { server in
            let slow = try RawConnection(port: server.port, receiveBuffer: 4096)
            try await slow.send(get("/large"))
            try await eventually { server.connections == 1 && server.requestsInHand == 1 }
            try await eventually { server.connections == 0 }
            let fast = try RawConnection(port: server.port)
            try await fast.send(get("/large", "Connection: close"))
            try await fast.read { $0.count >= 12_000_000 }
        }
    }

    @Test func `a server that stops finishes the request in hand and takes no other`() async throws {
        let release = Promise<Void>()
        let entered = LoopSignal()
        try await withServer(routes(release, entered)) { server in
            let idle = try RawConnection(port: server.port)
            try await idle.send(get("/now"))
            _ = try await idle.response()
            let busy = try RawConnection(port: server.port)
            try await busy.send(get("/wait"))
            #expect(try await entered.wait(upTo: .seconds(5)))
            let stopped = Loop.spawn { await server.stop(within: .seconds(10)) }
            #expect(try await idle.readToEnd() == "")
            #expect(throws: TestFailure.self) { _ = try RawConnection(port: server.port) }
            release.succeed(())
            let answer = try await busy.readToEnd()
            #expect(answer.contains("Connection: close\r\n") && answer.hasSuffix("waited"))
            await stopped.value
            #expect(server.connections == 0)
        }
    }

    @Test func `a request that waits in the kernel when the server stops is still answered`() async throws {
        try await withServer(routes(Promise())) { server in
            let connections = try (0..<50).map { _ in try RawConnection(port: server.port) }
            for connection in connections { try await connection.send(get("/now")) }
            // No turn of the loop in between: nothing is accepted yet.
            server.stopAccepting()
            for connection in connections { #expect(try await connection.readToEnd().hasSuffix("now")) }
        }
    }

    /// The time of the processor that this thread takes for something.
    private func processorTime(of body: () -> Void) -> Int {
        func now() -> Int {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return time.tv_sec * 1_000_000_000 + time.tv_nsec
        }
        let start = now()
        body()
        return now() - start
    }

    @Test func `a server at which nobody waits looks once for clients when it stops`() async throws {
        var (stops, looks) = ([] as [Int], [] as [Int])
        for _ in 0..<10 {
            try await withServer(routes(Promise())) { server in
                looks.append(processorTime { for _ in 0..<500 { server.accept() } })
                stops.append(processorTime { server.stopAccepting() })
            }
        }
        #expect(stops.min()! < looks.min()!, "a thousand looks take twice as long as five hundred")
    }

    @Test func `a server that must stop now answers 503 where a handler still works`() async throws {
        let entered = LoopSignal()
        try await withServer(routes(Promise(), entered)) { server in
            let busy = try RawConnection(port: server.port)
            try await busy.send(get("/wait"))
            #expect(try await entered.wait(upTo: .seconds(5)))
            await server.stop(within: .milliseconds(100))
            #expect(try await busy.readToEnd().hasPrefix("HTTP/1.1 503"))
        }
    }

    @Test func `a port in use and a name for an address are refused in words`() async throws {
        try await withServer(routes(Promise())) { server in
            let second = HTTPServer(bind: "127.0.0.1", port: server.port, router: HTTPRouter())
            #expect(throws: HTTPServerError.self) { try second.start() }
            let third = HTTPServer(bind: "example.org", router: HTTPRouter())
            #expect(throws: HTTPServerError.self) { try third.start() }
        }
    }

    @Test func `a server on the IPv6 wildcard serves IPv4 clients under their own address`() async throws {
        let router = HTTPRouter()
        router.get("/") { request, _ in HTTPResponse(status: 200, body: "\(request.peerAddress)") }
        let server = HTTPServer(bind: "::", router: router)
        try server.start()
        try await expect(server, get("/"), body: "127.0.0.1")
        await server.stop(within: .seconds(1))
    }
}
