import EventLoop
import HTTP
import JSON
import TestSupport
import Testing

@testable import OrderCtl

@Suite(.onLoop) @ServiceActor
struct OperationTests {
    private static func group(_ name: String, lag: Int, pending: Int, rate: String, consumers: Int) -> String {
        #"{"group":"\#(name)","lag":\#(lag),"lagKnown":true,"pending":\#(pending),"oldestWaitingMs":\#(lag * 10),"oldestPendingMs":0,"#
            + #""consumers":\#(consumers),"deliveredPerSecond":\#(rate),"drainSeconds":null}"#
    }

    /// Two partitions; the second has half of everything.
    private static func streams(door: String = #"{"open":true}"#) -> String {
        let stream = { (name: String, group: String) in #"{"stream":"\#(name)","key":"k","length":9,"groups":[\#(group)]}"# }
        let all = [
            stream("accepted", group("router", lag: 200, pending: 4, rate: "6.4", consumers: 2)),
            stream("routed", group("executor", lag: 0, pending: 0, rate: "0.0", consumers: 0)),
            stream("accepted", group("router", lag: 100, pending: 2, rate: "3.6", consumers: 2)),
        ]
        return #"{"streams":[\#(all.joined(separator: ","))],"retries":{"waiting":3,"due":1},"deadLetters":2,"door":\#(door)}"#
    }

    private func run(_ words: [String], isTerminal: Bool = false, usesColour: Bool = false, _ answers: HTTPResponse...) async throws -> ToolRun {
        var (left, result) = (answers, ToolRun())
        let routes: @ServiceActor (HTTPRouter) -> Void = { router in
            let answer: @ServiceActor (HTTPRequest) -> HTTPResponse = { _ in left.count > 1 ? left.removeFirst() : left[0] }
            for path in ["/api/streams", "/api/doctor"] { router.get(path) { request, _ in answer(request) } }
            for path in ["/api/door/pause", "/api/door/resume"] {
                router.post(path) { request, _ in
                    let body = String(decoding: request.body, as: UTF8.self)
                    let reason = (try? JSONValue.parse(body))?["reason"]?.string
                    return .json(
                        200,
                        path.hasSuffix("resume")
                            ? #"{"open":true}"# : #"{"open":false,"since":"T","reason":\#(reason.map { "\"\($0)\"" } ?? "null")}"#)
                }
            }
        }
        try await withRoutes(routes) {
            result = await ToolRun.of(words + ["--url", $0], usesColour: usesColour, isTerminal: isTerminal)
        }
        return result
    }

    @Test func `on a terminal of 80 columns no line of lag wraps`() async throws {
        try await withRoutes({ $0.get("/api/streams") { _, _ in .json(200, Self.streams()) } }) { url in
            let run = await ToolRun.of(["lag", "--url", url], isTerminal: true, width: 80)
            let lines = run.output.split(separator: "\n")
            #expect(lines.allSatisfy { $0.count <= 80 } && lines.count == 4)
            #expect(lines[1].hasPrefix("router    300      2.0 s   6        -       10.0/s  30.0 s     2"))
        }
    }

    @Test func `whatever the numbers of an answer are, lag shows them`() async throws {
        let most =
            #"{"group":"router","lag":9223372036854775807,"pending":9223372036854775807,"oldestWaitingMs":9223372036854775807,"#
            + #""oldestPendingMs":-9223372036854775808,"consumers":9223372036854775807,"deliveredPerSecond":9223372036854775807.9}"#
        let stream = #"{"stream":"accepted","groups":[\#(most),\#(most)]}"#
        let run = try await run(["lag"], .json(200, #"{"streams":[\#(stream)],"retries":{"waiting":-1},"deadLetters":9223372036854775807}"#))
        #expect(run.status == .ok && run.output.contains("9223372036854775807"))
    }

    @Test func `lag is a row a group over all partitions, with bar, rate and time to drain`() async throws {
        let run = try await run(["lag"], .json(200, Self.streams()))
        #expect(run.status == .ok && run.errors.isEmpty)
        #expect(
            run.output == """
                STREAM    GROUP     BACKLOG                        OLDEST  IN HAND  OLDEST  RATE    DRAINS IN  PROCESSES
                accepted  router    300      ████████████████████  2.0 s   6        -       10.0/s  30.0 s     2
                routed    executor  0        ░░░░░░░░░░░░░░░░░░░░  -       0        -       0.0/s   -          0
                retries: 3 waiting, 1 due; dead letters: 2

                """)
    }

    @Test func `a pause is shown with the lag, colours come only where there are some`() async throws {
        let paused = HTTPResponse.json(200, Self.streams(door: #"{"open":false,"since":"2026-01-10T07:30:17.000Z","reason":"upgrade"}"#))
        let plain = try await run(["lag"], isTerminal: true, paused)
        #expect(
            plain.output.hasSuffix(
                "The engine is paused since 2026-01-10T07:30:17.000Z (upgrade): new orders get 503. orderctl resume ends the pause.\n"))
        #expect(!plain.output.contains("\u{1B}"))
        let coloured = try await run(["lag"], usesColour: true, paused)
        #expect(coloured.output.contains("\u{1B}[31mrouted") && coloured.output.contains("\u{1B}[33mThe engine is paused"))
    }

    @Test func `watching measures again, on a terminal in the same place, and outlasts an engine that is away`() async throws {
        let (good, away) = (HTTPResponse.json(200, Self.streams()), HTTPResponse.problem(503, .unavailable, "Redis is away"))
        let run = try await run(["lag", "--watch", "--count", "3"], isTerminal: true, good, away, good)
        #expect(run.status == .ok && run.errors == "orderctl: Redis is away\n")
        #expect(run.output.split(separator: "\u{1B}[H\u{1B}[2J").count == 2)
        let json = try await self.run(["lag", "--watch", "--count", "2", "--json"], isTerminal: true, good)
        #expect(json.output.split(separator: "\n").count == 2 && !json.output.contains("\u{1B}"))
        let first = try await self.run(["lag", "--watch"], away)
        #expect(first.status == .refused)
        let misplaced = await ToolRun.of(["lag", "--count", "2"], environment: ["PORT": "1"])
        #expect(misplaced.status == .usage)
    }

    @Test func `the engine is paused with a reason and resumes`() async throws {
        let paused = try await run(["pause", "--reason", "upgrade"], .json(200, "{}"))
        #expect(
            paused.status == .ok && paused.output == "The engine is paused since T (upgrade): new orders get 503. orderctl resume ends the pause.\n")
        let silent = try await run(["pause"], .json(200, "{}"))
        #expect(silent.output.hasPrefix("The engine is paused since T: new"))
        let open = try await run(["resume"], .json(200, "{}"))
        #expect(open.status == .ok && open.output == "The engine takes new orders.\n")
        let json = try await run(["resume", "--json"], .json(200, "{}"))
        #expect(json.output == #"{"open":true}"# + "\n")
    }

    @Test func `an engine grows, and is waited for until it has`() async throws {
        let growing = #"{"count":1,"growingTo":16,"waitingFor":["router-a"],"former":[],"outdated":["router-a"]}"#
        let grown = #"{"count":16,"growingTo":null,"waitingFor":[],"former":[{"count":1,"until":"T"}],"outdated":["router-a"]}"#
        var asked: [String] = []
        var answers = [HTTPResponse.json(202, growing), .json(200, growing), .json(200, grown)]
        let routes: @ServiceActor (HTTPRouter) -> Void = { router in
            let answer: @ServiceActor (HTTPRequest) -> HTTPResponse = { request in
                asked.append("\(request.path) \(String(decoding: request.body, as: UTF8.self))")
                return answers.count > 1 ? answers.removeFirst() : answers[0]
            }
            router.post("/api/partitions/grow") { request, _ in answer(request) }
            router.get("/api/partitions") { request, _ in answer(request) }
        }
        try await withRoutes(routes) { url in
            let run = await ToolRun.of(["partitions", "grow", "16", "--url", url])
            #expect(asked == [#"/api/partitions/grow {"count":16}"#, "/api/partitions ", "/api/partitions "])
            #expect(
                run.status == .ok
                    && run.output == """
                        Orders are shared out over 16 partitions.
                        Until T repeated requests are also looked for by the count of before, 1.
                        Set PARTITIONS=16 for the next start of router-a.

                        """,
                "\(run.output)")
            answers = [.json(202, growing)]
            let late = await ToolRun.of(["partitions", "grow", "16", "--timeout", "1", "--url", url])
            #expect(late.status == .refused && late.output.contains("grows to 16 and waits for router-a: see their logs"))
            for words in [[], ["x"], ["0"], ["257"], ["16", "17"]] {
                #expect(await ToolRun.of(["partitions", "grow"] + words + ["--url", url]).status == .usage)
            }
        }
    }

    @Test func `the doctor tells every finding and what to do, and ends with 1 for a fault`() async throws {
        let ok = #"{"check":"eviction","verdict":"ok","finding":"nothing is evicted","advice":null}"#
        let fault = #"{"check":"persistence","verdict":"fault","finding":"no append-only file","advice":"Set appendonly."}"#
        let warning = #"{"check":"door","verdict":"warning","finding":"no new orders","advice":"Resume."}"#
        let ill = try await run(["doctor"], .json(200, #"{"healthy":false,"checks":[\#(ok),\#(fault),\#(warning)]}"#))
        #expect(ill.status == .refused)
        #expect(
            ill.output == """
                ok     eviction     nothing is evicted
                FAULT  persistence  no append-only file
                                    → Set appendonly.
                warn   door         no new orders
                                    → Resume.
                3 checks: 1 fault, 1 warning.

                """)
        let well = try await run(["doctor"], .json(200, #"{"healthy":true,"checks":[\#(ok),\#(warning)]}"#))
        #expect(well.status == .ok && well.output.hasSuffix("2 checks: no fault, 1 warning.\n"))
        let json = try await run(["doctor", "--json"], .json(200, #"{"healthy":false,"checks":[]}"#))
        #expect(json.status == .refused && json.output == #"{"healthy":false,"checks":[]}"# + "\n")
    }

    @Test func `the version is told`() async {
        let run = await ToolRun.of(["--version"])
        #expect(run.status == .ok && run.output.wholeMatch(of: /orderctl \d+\.\d+\.\d+\n/) != nil)
    }
}
