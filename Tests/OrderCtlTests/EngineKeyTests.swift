import Access
import EventLoop
import Glibc
import HTTP
import TestSupport
import Testing

@testable import OrderCtl

/// The key that requests carry.
@Suite(.onLoop) @ServiceActor
struct EngineKeyTests {
    private nonisolated static let order = "0198c1f2-0000-7000-8000-00000000abcd"

    /// Answers everything and notes the header of each request.
    @ServiceActor
    private final class Recorder {
        private(set) var seen: [String] = []

        func addRoutes(to router: HTTPRouter) {
            let answer: @ServiceActor (HTTPRequest, String) -> HTTPResponse = { [self] request, text in
                let type =
                    request.method == "POST" ? " \(request.header("Content-Type") ?? "-") \(String(decoding: request.body, as: UTF8.self))" : ""
                seen.append("\(request.method) \(request.path)\(type): \(request.header("Authorization") ?? "none")")
                return .json(200, text)
            }
            router.get("/api/reconcile") { request, _ in answer(request, #"{"lost":[],"lostCount":0,"checked":0}"#) }
            router.get("/api/orders/{id}/events") { request, _ in
                _ = answer(request, "")
                throw Problem(404, WireCode.unknownOrder, "There is no order with this id")
            }
            router.delete("/api/dead-letters/{id}") { request, _ in answer(request, "{}") }
            router.post("/api/dead-letters/{id}/retry") { request, _ in answer(request, "{}") }
            router.post("/api/door/pause") { request, _ in answer(request, #"{"open":false,"since":"T"}"#) }
            router.post("/api/door/resume") { request, _ in answer(request, #"{"open":true}"#) }
        }
    }

    private func requests(_ words: [String], _ environment: [String: String]) async throws -> (seen: [String], run: ToolRun) {
        let recorder = Recorder()
        var run = ToolRun()
        try await withRoutes({ recorder.addRoutes(to: $0) }) { run = await ToolRun.of(words + ["--url", $0], environment: environment) }
        return (recorder.seen, run)
    }

    @Test(arguments: [
        (["reconcile"], "GET /api/reconcile"), (["watch", order], "GET /api/orders/\(order)/events"),
        (["dead", "drop", "0-1-0"], "DELETE /api/dead-letters/0-1-0"),
        (["dead", "retry", "0-1-0"], "POST /api/dead-letters/0-1-0/retry application/json {}"),
        (["resume"], "POST /api/door/resume application/json {}"),
        (["pause"], "POST /api/door/pause application/json {}"),
    ])
    func `every request carries the key, also streams, and every POST of an operator is JSON`(_ words: [String], _ request: String) async throws {
        let key = KeySecret.random().text
        let (seen, run) = try await requests(words, ["ORDERCTL_KEY": key])
        #expect(seen == ["\(request): Bearer \(key)"])
        #expect(!run.output.contains(key) && !run.errors.contains(key))
        let (without, _) = try await requests(words, ["ORDERCTL_KEY": ""])
        #expect(without == ["\(request): none"])
    }

    @Test func `the option goes before the variable of a file, and that before the variable of a key`() async throws {
        try await KeyFiles.with { files in
            let keys = (0..<3).map { _ in KeySecret.random().text }
            let paths = ["\(files.folder)/option", "\(files.folder)/variable"]
            try write(keys[0] + "\n", to: paths[0])
            try write("  \(keys[1])\r\n\n", to: paths[1])
            let environment = ["ORDERCTL_KEY_FILE": paths[1], "ORDERCTL_KEY": keys[2]]
            let asked = [
                try await requests(["reconcile", "--key-file", paths[0]], environment).seen, try await requests(["reconcile"], environment).seen,
                try await requests(["reconcile"], ["ORDERCTL_KEY_FILE": "", "ORDERCTL_KEY": keys[2]]).seen,
            ]
            #expect(asked == keys.map { ["GET /api/reconcile: Bearer \($0)"] })
        }
    }

    @Test func `a pipe is read once for all requests`() async throws {
        let key = KeySecret.random().text
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        try FileBytes.write(Array("\(key)\n".utf8), to: ends[1])
        close(ends[1])
        let (seen, run) = try await requests(["dead", "drop", "1-1-0", "1-2-0", "--key-file", "/proc/self/fd/\(ends[0])"], [:])
        #expect(seen == ["1-1-0", "1-2-0"].map { "DELETE /api/dead-letters/\($0): Bearer \(key)" } && run.status == .ok, "\(run.errors)")
    }

    @Test func `what is no key is not sent, and not shown`() async throws {
        try await KeyFiles.with { files in
            let (key, path) = (KeySecret.random().text, "\(files.folder)/key")
            try write("\(key)\nIt is shown only now", to: path)
            let long = "\(files.folder)/long"
            try write(String(repeating: "x", count: 5000), to: long)
            let cases: [([String], [String: String], String)] = [
                ([], ["ORDERCTL_KEY": key + "0"], "ORDERCTL_KEY has no API key"),
                ([], ["ORDERCTL_KEY": "a\r\nX: \(key)"], "ORDERCTL_KEY has no API key"),
                (["--key-file", path], [:], "--key-file has no API key"), (["--key-file", key], [:], "--key-file takes the path of a file"),
                ([], ["ORDERCTL_KEY_FILE": key], "ORDERCTL_KEY_FILE takes the path of a file"),
                ([], ["ORDERCTL_KEY_FILE": "/nowhere"], "ORDERCTL_KEY_FILE /nowhere cannot be opened (No such file or directory)"),
                (["--key-file", files.folder], [:], "cannot be read (Is a directory)"), (["--key-file", long], [:], "is larger than 4096 bytes"),
            ]
            for (words, environment, sentence) in cases {
                let (seen, run) = try await requests(["reconcile"] + words, environment)
                #expect(seen.isEmpty && run.status == .usage && run.output.isEmpty)
                #expect(run.errors.contains(sentence) && !run.errors.contains(key), "\(run.errors)")
            }
        }
    }

    private static let refusals = [
        HTTPResponse.problem(401, .unauthenticated, "This API key is not valid: it is not known"),
        .problem(403, .forbidden, "This API key does not allow that: it needs the scope operate"),
    ]

    @Test func `a refusal says what to do, on streams too, and does not show the key`() async throws {
        let key = KeySecret.random().text
        let cases: [(HTTPResponse, [String: String], String)] = [
            (Self.refusals[0], [:], "wants an API key; say in which file it is with --key-file or ORDERCTL_KEY_FILE; orderctl keys new makes one\n"),
            (
                Self.refusals[0], ["ORDERCTL_KEY": key],
                "orderctl: This API key is not valid: it is not known; it is the key of ORDERCTL_KEY; orderctl keys new makes another\n"
            ),
            (
                Self.refusals[1], ["ORDERCTL_KEY": key],
                "orderctl: This API key does not allow that: it needs the scope operate; use a key that may, with --key-file; orderctl keys list "
                    + "shows what each may\n"
            ),
        ]
        for (answer, environment, sentence) in cases {
            let routes: @ServiceActor (HTTPRouter) -> Void = { router in
                for path in ["/api/reconcile", "/api/orders/{id}/events"] { router.get(path) { _, _ in answer } }
            }
            try await withRoutes(routes) { url in
                for words in [["reconcile"], ["watch", Self.order]] {
                    let run = await ToolRun.of(words + ["--url", url], environment: environment)
                    #expect(run.status == .refused && run.errors.hasSuffix(sentence) && !run.errors.contains(key), "\(run.errors)")
                }
            }
        }
    }
}
