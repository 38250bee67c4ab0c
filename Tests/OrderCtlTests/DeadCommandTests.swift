import EventLoop
import HTTP
import JSON
import TestSupport
import Testing

@testable import OrderCtl

@Suite(.onLoop) @ServiceActor
struct DeadCommandTests {
    // MARK: List

    @Test func `letters are listed with all that is known of them`() async throws {
        try await withEngine { engine, url in
            engine.add("0-1-0", reason: "IN_DOUBT", order: #""0198c1f2""#, fields: #"{"id":"0198c1f2","round":"1"}"#)
            engine.add("0-2-0")
            let run = await ToolRun.of(["dead", "list", "--url", url])
            #expect(run.status == .ok && run.errors.isEmpty)
            #expect(
                run.output == """
                    0-1-0  IN_DOUBT  from accepted, delivered 1 time  2026-01-10T07:30:17.789Z
                        order: 0198c1f2
                        id = 0198c1f2
                        round = 1
                    0-2-0  MALFORMED  from accepted, delivered 1 time  2026-01-10T07:30:17.789Z
                        order: none
                        junk = x

                    """)
        }
    }

    @Test func `the list goes on over pages up to its limit, and says that there is more`() async throws {
        try await withEngine { engine, url in
            for index in 1...7 { engine.add("0-\(index)-0", reason: index % 2 == 0 ? "POISONED" : "MALFORMED") }
            engine.pageSize = 2
            let some = await ToolRun.of(["dead", "list", "--limit", "5", "--url", url])
            #expect(some.output.contains("0-5-0") && !some.output.contains("0-6-0") && some.output.contains("--limit 50"))
            let even = await ToolRun.of(["dead", "list", "--limit=3", "--reason", "POISONED", "--json", "--url", url])
            let list = try JSONValue.parse(even.output)
            #expect(list["deadLetters"]?.array?.map { $0["id"]?.string } == ["0-2-0", "0-4-0", "0-6-0"])
            let two = try JSONValue.parse(await ToolRun.of(["dead", "list", "--limit=2", "--reason", "POISONED", "--json", "--url", url]).output)
            #expect(two["deadLetters"]?.array?.count == 2 && two["more"]?.bool == true)
        }
    }

    @Test func `without letters the list says so`() async throws {
        try await withEngine { _, url in
            #expect(await ToolRun.of(["dead", "list", "--url", url]).output == "No dead letters.\n")
            let json = try JSONValue.parse(await ToolRun.of(["dead", "list", "--json", "--url", url]).output)
            #expect(json["deadLetters"]?.array == [] && json["more"]?.bool == false)
        }
    }

    @Test func `what an entry holds cannot act on the terminal, nor fill it`() async throws {
        try await withEngine { engine, url in
            engine.add("0-1-0", fields: #"{"a\u001b[2J":"\u009b31m\u202e","long":"\#(String(repeating: "é", count: 500))"}"#)
            let run = await ToolRun.of(["dead", "list", "--url", url], usesColour: true)
            #expect(run.output.contains(#"a\u{1b}[2J = \u{9b}31m\u{202e}"#))
            #expect(run.output.contains("é… (1000 bytes)"))
            #expect(run.output.contains("\u{1B}[31mMALFORMED\u{1B}[0m"))
        }
    }

    // MARK: Retry and drop

    @Test func `letters that are named are put back one by one`() async throws {
        try await withEngine { engine, url in
            for index in 1...3 { engine.add("0-\(index)-0") }
            let run = await ToolRun.of(["dead", "retry", "0-1-0", "0-3-0", "--url", url])
            #expect(
                run.status == .ok && run.output == "0-1-0  put back, on accepted again\n0-3-0  put back, on accepted again\n2 put back, 0 refused.\n")
            #expect(engine.requests == ["POST /api/dead-letters/0-1-0/retry", "POST /api/dead-letters/0-3-0/retry"])
            #expect(engine.letters.map(\.id) == ["0-2-0"])
        }
    }

    @Test func `a refusal is told, the others have their turn, and the exit code says so`() async throws {
        try await withEngine { engine, url in
            for index in 1...3 { engine.add("0-\(index)-0", reason: "IN_DOUBT") }
            engine.refusals["0-2-0"] = Problem(409, WireCode.orderInDoubt, "Retry the letter instead")
            let run = await ToolRun.of(["dead", "drop", "--all", "--url", url])
            #expect(run.status == .refused)
            #expect(run.errors == "0-2-0  refused: Retry the letter instead\n")
            #expect(run.output.hasSuffix("2 dropped, 1 refused.\n"))
            #expect(engine.letters.map(\.id) == ["0-2-0"])

            let json = await ToolRun.of(["dead", "drop", "0-2-0", "9-9-9", "--json", "--url", url])
            let results = try JSONValue.parse(json.output)
            #expect(json.status == .refused && json.errors.isEmpty)
            #expect(results["refused"]?.integer == 2 && results["succeeded"]?.integer == 0)
            #expect(results["results"]?.array?.map { $0["code"]?.string } == ["ORDER_IN_DOUBT", "UNKNOWN_LETTER"])
        }
    }

    @Test func `all are the letters there were at the beginning, of one reason where one is named`() async throws {
        try await withEngine { engine, url in
            engine.pageSize = 2
            for index in 1...5 { engine.add("0-\(index)-0", reason: index == 3 ? "POISONED" : "MALFORMED") }
            let run = await ToolRun.of(["dead", "retry", "--all", "--reason", "MALFORMED", "--url", url])
            #expect(run.status == .ok && run.output.hasSuffix("4 put back, 0 refused.\n"))
            #expect(engine.letters.map(\.id) == ["0-3-0"])
            // Chosen before the first is touched: what is put back may be a letter again before the list has ended.
            #expect(engine.requests.prefix(3).allSatisfy { $0.hasPrefix("GET") } && engine.requests.dropFirst(3).allSatisfy { $0.hasPrefix("POST") })
        }
    }

    @Test func `with no letter to act on, all of none is done`() async throws {
        try await withEngine { _, url in
            let run = await ToolRun.of(["dead", "drop", "--all", "--url", url])
            #expect(run.status == .ok && run.output == "0 dropped, 0 refused.\n")
        }
    }

    @Test func `an id goes into the path as it is, whatever it holds`() async throws {
        try await withEngine { engine, url in
            _ = await ToolRun.of(["dead", "drop", "--url", url, "--", "../x?y"])
            #expect(engine.requests == ["DELETE /api/dead-letters/..%2Fx%3Fy"])
        }
    }
}
