import EventLoop
import HTTP

/// A server for `wrk -t1 -c64 -s Benchmarks/http/post.lua http://127.0.0.1:18080/later`.
///
/// `/now` answers within the handler's first step; `/later` waits for one turn of the loop first, as a handler that asks Redis does; `/ws` echoes.
@main
struct HTTPBenchmark {
    static func main() { Loop.shared.run { await serve() } }

    @ServiceActor
    private static func serve() async {
        let body = Array(#"{"success":true,"orderId":"0198c1f2-7a51-7cc0-9a3e-2f6b5f0c1d22","x":1}"#.utf8)
        let router = HTTPRouter()
        router.post("/now") { _, _ in .json(202, body) }
        router.post("/later") { _, _ in
            let turn = Promise<Void>()
            Loop.spawn { turn.succeed(()) }
            try await turn.value
            return .json(202, body)
        }
        router.webSocket("/ws") { _, _, socket in socket.onText = { socket.send(text: $0) } }
        let server = HTTPServer(bind: "127.0.0.1", port: 18080, router: router)
        do {
            try server.start()
            try await sleep(for: .seconds(24 * 3600))
        } catch {
            print(error)
        }
    }
}
