internal import EventLoop
internal import JSON

/// `orderctl pause`: no new orders.
struct Pause: Command {
    static let manual = Manual(
        ["pause"], synopsis: "[--reason TEXT]", summary: "take no new orders; those inside go on",
        details: """
            Every gateway answers new orders with 503 (PAUSED, with Retry-After) from now
            on, also those that are started later, until orderctl resume. Orders that are
            in go on to their end, and can be read and cancelled. orderctl lag shows the
            pause and how the engine drains.
            """,
        options: [Manual.Option(name: "--reason TEXT", meaning: "what clients and operators are told, in one line")],
        examples: [
            ("orderctl pause --reason 'upgrade, back at 9:00 UTC'", "before an upgrade"),
            ("orderctl pause && orderctl lag --watch", "and wait until nothing is in hand"),
        ])

    private let reason: String?

    init(_ arguments: inout Arguments) throws(Failure) { reason = try arguments.takeValue("--reason") }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let body = JSONWriter.object { $0.field("reason", ifPresent: reason) }
        let answer = try await session.engine.repeating(orElse: "pausing again is no mistake, orderctl lag shows the pause") {
            () async throws(Failure) in try await session.engine.post("/api/door/pause", json: body)
        }
        return try PauseReport.show(answer, session)
    }
}

/// `orderctl resume`: orders are taken again.
struct Resume: Command {
    static let manual = Manual(
        ["resume"], synopsis: "", summary: "take new orders again",
        details: "Ends the pause, for all gateways. An engine that is not paused stays as it is.",
        examples: [("orderctl resume", "after an upgrade")])

    init(_: inout Arguments) throws(Failure) {}

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let answer = try await session.engine.repeating(orElse: "resuming again is no mistake") { () async throws(Failure) in
            try await session.engine.post("/api/door/resume")
        }
        return try PauseReport.show(answer, session)
    }
}

/// Says whether the engine is paused.
@ServiceActor
enum PauseReport {
    static func show(_ answer: JSONValue, _ session: Session) throws(Failure) -> ExitCode {
        guard let isOpen = answer["open"]?.bool else { throw Failure(.refused, "\(session.engine.url) answered without `door`; is that the engine?") }
        let console = session.console
        if session.wantsJSON {
            console.print(answer.serialized)
        } else if isOpen {
            console.print("The engine \(console.paint("takes new orders", .green)).")
        } else {
            let reason = answer["reason"]?.string.map { " (\(Terminal.safe($0)))" } ?? ""
            let since = Terminal.safe(answer["since"]?.string ?? "?")
            console.print(
                "The engine is \(console.paint("paused", .yellow)) since \(since)\(reason): new orders get 503. orderctl resume ends the pause.")
        }
        return .ok
    }
}
