import EventLoop
import HTTP

@testable import OrderCtl

/// What one run of the tool has written and come to.
@ServiceActor
final class ToolRun {
    private(set) var output = ""
    private(set) var errors = ""
    private(set) var status = ExitCode.ok

    /// Runs the tool with the words of a command line.
    static func of(
        _ words: [String], environment: [String: String] = [:], usesColour: Bool = false, isTerminal: Bool = false, width: Int? = nil
    ) async -> ToolRun {
        let run = ToolRun()
        let console = Console(
            usesColour: usesColour, isTerminal: isTerminal, width: width, output: { run.output += $0 }, errors: { run.errors += $0 })
        run.status = await OrderCtl.run(words, environment: environment, console: console)
        return run
    }
}

/// An engine that answers from memory and notes what it was asked.
@ServiceActor
final class FakeEngine {
    /// Letters as JSON texts, oldest first, by id.
    var letters: [(id: String, json: String)] = []
    /// The refusal of a letter's retry or drop.
    var refusals: [String: Problem] = [:]
    /// The answer of `/api/reconcile`.
    var comparison = #"{"lost":[],"lostCount":0,"checked":0,"complete":true}"#
    /// The most letters of a page, whatever is asked for.
    var pageSize = 1000
    private(set) var requests: [String] = []

    func add(_ id: String, reason: String = "MALFORMED", order: String = "null", fields: String = #"{"junk":"x"}"#) {
        letters.append(
            (
                id,
                #"{"id":"\#(id)","reason":"\#(reason)","stream":"accepted","orderId":\#(order),"deliveries":1,"#
                    + #""at":"2026-01-10T07:30:17.789Z","fields":\#(fields)}"#
            ))
    }

    func addRoutes(to router: HTTPRouter) {
        router.get("/api/dead-letters") { [self] request, _ in
            requests.append("GET \(request.target)")
            let first = request.query("cursor").flatMap { cursor in letters.firstIndex { $0.id == cursor } }.map { $0 + 1 } ?? 0
            let page = letters.dropFirst(first).prefix(min(pageSize, Int(request.query("limit") ?? "") ?? 100))
            let next = page.last.flatMap { last in page.endIndex < letters.endIndex ? "\"\(last.id)\"" : nil }
            return .json(200, #"{"deadLetters":[\#(page.map(\.json).joined(separator: ","))],"nextCursor":\#(next ?? "null")}"#)
        }
        router.post("/api/dead-letters/{id}/retry") { [self] request, parameters in
            requests.append("POST \(request.target)")
            try take(parameters["id"])
            return .json(200, #"{"success":true,"id":"\#(parameters["id"])","stream":"accepted","entry":"9-0"}"#)
        }
        router.delete("/api/dead-letters/{id}") { [self] request, parameters in
            requests.append("DELETE \(request.target)")
            try take(parameters["id"])
            return .json(200, #"{"success":true,"id":"\#(parameters["id"])"}"#)
        }
        router.get("/api/reconcile") { [self] _, _ in .json(200, comparison) }
    }

    private func take(_ id: String) throws {
        if let refusal = refusals[id] { throw refusal }
        guard letters.contains(where: { $0.id == id }) else { throw Problem(404, WireCode.unknownLetter, "There is no dead letter with this id") }
        letters.removeAll { $0.id == id }
    }
}

/// Lends a fake engine that listens, and its URL.
@ServiceActor
func withEngine(_ body: @ServiceActor (FakeEngine, String) async throws -> Void) async throws {
    let engine = FakeEngine()
    try await withRoutes({ engine.addRoutes(to: $0) }) { try await body(engine, $0) }
}

/// Serves routes while `body` runs, and tells it their URL.
@ServiceActor
func withRoutes(_ routes: @ServiceActor (HTTPRouter) -> Void, _ body: @ServiceActor (String) async throws -> Void) async throws {
    let router = HTTPRouter()
    routes(router)
    let server = HTTPServer(bind: "127.0.0.1", router: router)
    try server.start()
    do {
        try await body("http://127.0.0.1:\(server.port)")
    } catch {
        await server.stop(within: .milliseconds(200))
        throw error
    }
    await server.stop(within: .milliseconds(200))
}

/// Codes of refusals as they stand in openapi.yaml: what the tool has to know them by.
enum WireCode: String, ProblemCode {
    case badRequest = "BAD_REQUEST"
    case forbidden = "FORBIDDEN"
    case `internal` = "INTERNAL"
    case noRoute = "NO_ROUTE"
    case orderFinal = "ORDER_FINAL"
    case orderInDoubt = "ORDER_IN_DOUBT"
    case outcomeUnknown = "OUTCOME_UNKNOWN"
    case paused = "PAUSED"
    case unauthenticated = "UNAUTHENTICATED"
    case unavailable = "UNAVAILABLE"
    case unknownLetter = "UNKNOWN_LETTER"
    case unknownOrder = "UNKNOWN_ORDER"
    case upstreamUnavailable = "UPSTREAM_UNAVAILABLE"
}

extension HTTPResponse {
    /// A refusal of the engine or its edge.
    static func problem(_ status: Int, _ code: WireCode, _ error: String, members: String = "") -> HTTPResponse {
        Problem(status, code, error, members: members).response
    }
}
