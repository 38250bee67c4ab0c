import EventLoop
import HTTP
import TestSupport
import Testing

@testable import OrderCtl

@Suite(.onLoop) @ServiceActor
struct EngineTests {
    @Test func `nothing is lost: zero, and how many were looked at`() async throws {
        try await withEngine { engine, url in
            engine.comparison = #"{"lost":[],"lostCount":0,"checked":12,"complete":true}"#
            let run = await ToolRun.of(["reconcile"], environment: ["ORDERCTL_URL": url])
            #expect(run.status == .ok && run.output == "12 orders under way were looked at: none is lost.\n")
        }
    }

    @Test func `lost orders are listed and end with 1`() async throws {
        try await withEngine { engine, url in
            engine.comparison =
                #"{"lost":[{"orderId":"0198c1f2","status":"submitted","updatedAt":"2026-01-10T07:30:17.789Z"}],"lostCount":3,"checked":9,"#
                + #""complete":false}"#
            let run = await ToolRun.of(["reconcile", "--url", url])
            #expect(run.status == .refused)
            #expect(
                run.output == """
                    ORDER     STATUS     LAST MOVED
                    0198c1f2  submitted  2026-01-10T07:30:17.789Z
                    and 2 more
                    9 orders under way were looked at: 3 lost.
                    There are more under way than one comparison looks at.

                    """)
            let json = await ToolRun.of(["--json", "reconcile", "--url", url])
            #expect(json.status == .refused)
            #expect(json.output == engine.comparison + "\n")
        }
    }

    @Test func `where nobody answers the exit code is 69 and the URL is named`() async throws {
        let port = try freePort()
        let run = await ToolRun.of(["dead", "list", "--url", "http://127.0.0.1:\(port)"])
        #expect(run.status == .unreachable && run.output.isEmpty)
        #expect(run.errors.hasPrefix("orderctl: No engine answers at http://127.0.0.1:\(port) (connection refused)"))
        let several = await ToolRun.of(["dead", "drop", "0-1-0", "0-2-0", "--url", "http://127.0.0.1:\(port)"])
        #expect(several.status == .unreachable && several.errors.split(separator: "\n").count == 1)
    }

    @Test func `an engine behind TLS is trusted by the certificates of SSL_CERT_FILE`() async throws {
        try await TLSServer.with { server in
            let untrusted = await ToolRun.of(["list", "--url", server.url])
            #expect(untrusted.status == .unreachable && untrusted.errors.contains("(no trusted TLS connection)"))
            let trusted = await ToolRun.of(["list", "--url", server.url], environment: ["SSL_CERT_FILE": server.certificate])
            #expect(trusted.status == .refused && trusted.errors.contains("is that the engine?"))
        }
    }

    @Test(arguments: [
        (HTTPResponse.problem(503, .unavailable, "Redis is away"), ExitCode.refused, "orderctl: Redis is away\n"),
        (.problem(500, .internal, "bad\u{1B}[2J\nnews"), .refused, "orderctl: bad\\u{1b}[2J\\u{a}news\n"),
        (.json(502, "<html>"), .unreachable, "reaches no gateway (502)"),
        (.json(404, "<html>"), .refused, "answered 404 without a reason; is that the engine?"),
        (.json(200, "<html>"), .refused, "with what is no JSON; is that the engine?"),
        (.json(200, "{}"), .refused, "without a comparison; is that the engine?"),
    ])
    func `an answer that is no comparison is told in one sentence`(_ answer: HTTPResponse, _ status: ExitCode, _ sentence: String) async throws {
        let router = HTTPRouter()
        router.get("/api/reconcile") { _, _ in answer }
        let server = HTTPServer(bind: "127.0.0.1", router: router)
        try server.start()
        let run = await ToolRun.of(["reconcile", "--url", "http://127.0.0.1:\(server.port)/"])
        await server.stop(within: .milliseconds(200))
        #expect(run.status == status && run.output.isEmpty)
        #expect(run.errors.contains(sentence) && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }

    @Test func `columns are as wide as their widest text`() {
        var table = Table("A", "BB")
        table.add("wide", "x")
        #expect(table.lines == ["A     BB", "wide  x"])
    }
}
