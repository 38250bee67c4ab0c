import EventLoop
import HTTP
import JSON
import TestSupport
import Testing

@testable import OrderCtl

/// What goes to standard error with `--json`.
@Suite(.onLoop) @ServiceActor
struct FailureTests {
    /// The code and the message of each line.
    private func errors(_ run: ToolRun) throws -> [(code: String, message: String)] {
        try run.errors.split(separator: "\n").map { line in
            let value = try JSONValue.parse(String(line))
            let error = try #require(value["error"])
            #expect(value.object?.count == 1 && error.object?.count == 2)
            return (try #require(error["code"]?.string), try #require(error["message"]?.string))
        }
    }

    @Test(arguments: [
        ["--json"], ["--json", "undead"], ["dead", "list", "--limit", "0", "--json"], ["reconcile", "--json", "--url", "no URL"],
        ["completion", "--json", "fish"], ["watch", "--json"],
    ])
    func `a command line that cannot be used is told as JSON, with the exit code it has without`(_ words: [String]) async throws {
        let (run, plain) = (await ToolRun.of(words), await ToolRun.of(words.filter { $0 != "--json" } + (words == ["--json"] ? ["--"] : [])))
        let told = try errors(run)
        #expect(told.map(\.code) == ["USAGE"] && run.output.isEmpty)
        #expect(run.status == .usage && plain.status == .usage && plain.errors == "orderctl: \(told[0].message)\n")
    }

    @Test func `what follows two dashes asks for no JSON`() async {
        let run = await ToolRun.of(["watch", "--", "--json", "x"])
        #expect(run.status == .usage && run.errors.hasPrefix("orderctl: "))
    }

    @Test func `no engine is UNREACHABLE`() async throws {
        let run = await ToolRun.of(["list", "--json", "--url", "http://127.0.0.1:\(try freePort())"])
        let told = try errors(run)
        #expect(run.status == .unreachable && run.output.isEmpty && told.map(\.code) == ["UNREACHABLE"])
        #expect(told[0].message.hasPrefix("No engine answers at http://127.0.0.1:"))
    }

    @Test(arguments: [
        (HTTPResponse.problem(409, .orderFinal, "It is \"over\"\u{1B}[2J"), ExitCode.refused, "ORDER_FINAL"),
        (.problem(504, .upstreamUnavailable, "no"), .unreachable, "UPSTREAM_UNAVAILABLE"),
        (.json(502, "<html>"), .unreachable, "UNREACHABLE"),
        (.json(404, "<html>"), .refused, "REFUSED"), (.json(200, "{}"), .refused, "REFUSED"),
    ])
    func `the engine's own code goes first`(_ answer: HTTPResponse, _ status: ExitCode, _ code: String) async throws {
        try await withRoutes({ $0.get("/api/reconcile") { _, _ in answer } }) { url in
            let run = await ToolRun.of(["reconcile", "--json", "--url", url])
            let told = try errors(run)
            #expect(run.status == status && told.map(\.code) == [code] && run.output.isEmpty)
            let plain = await ToolRun.of(["reconcile", "--url", url])
            #expect(plain.status == status && plain.errors == "orderctl: \(told[0].message)\n")
        }
    }

    @Test func `help names the form of errors and every code that is not the engine's`() async {
        #expect(Failure.ownCodes == ["USAGE", "REFUSED", "UNREACHABLE"])
        for words in [["--help"], ["dead", "--help"], ["get", "--help"]] {
            let help = await ToolRun.of(words).output
            for part in [#"{"error":{"code":"#] + Failure.ownCodes { #expect(help.contains(part)) }
        }
    }
}
