import EventLoop
import HTTP
import TestSupport
import Testing

/// The tests' own client.
@Suite(.onLoop) @ServiceActor
struct RawConnectionTests {
    /// The kernel gives the descriptor of a closed connection to the next one. What still held the old one once read the answers of other tests.
    @Test func `a closed connection takes nothing from the next one, which has its descriptor`() async throws {
        var answered = 0
        let routes: (HTTPRouter) -> Void = { router in
            router.onRequest = { _, _, _ in answered += 1 }
            router.get("/now") { _, _ in HTTPResponse(status: 200, body: "now") }
        }
        try await withServer(routes) { server in
            for round in 1...20 {
                let closed = try RawConnection(port: server.port)
                closed.close()
                let next = try RawConnection(port: server.port)
                defer { next.close() }
                try await closed.send("x")
                closed.finishSending()
                try await next.send(get("/now"))
                try await eventually { answered == round && server.requestsInHand == 0 }
                #expect(closed.readAtMost(512) == 0 && closed.hasEnded)
                let answer = try await next.response()
                #expect(status(answer.head) == 200 && answer.body == "now")
            }
        }
    }

    @Test func `who waits for an answer learns at once that the connection was closed`() async throws {
        let silent = try SilentPort()
        let connection = try RawConnection(port: silent.port)
        let reading = Loop.spawnImmediately { try? await connection.readToEnd() }
        connection.close()
        #expect(await reading.value == "")
    }
}
