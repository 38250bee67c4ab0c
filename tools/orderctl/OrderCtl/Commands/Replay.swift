internal import EventLoop
internal import JSON
internal import Orders

/// `orderctl replay`: shows all events of an order.
struct Replay: Command {
    static let manual = Manual(
        ["replay"], synopsis: "[--after SEQ] ORDER_ID", summary: "show all events of an order",
        details: """
            Each event with its number, the time since the one before, and what it says:
            quotes, chosen venue, transaction, error, the legs of a split order. Answers
            at once, also for an order under way; orderctl watch stays with it.
            """,
        options: [Manual.Option(name: "--after SEQ", meaning: "only events after this number")],
        examples: [
            ("orderctl replay 01a1fd2a-6a31-7c40-8000-0d6f6d3c9f00", "where an order spent its time"),
            ("orderctl replay --json ID | jq -c '.events[]'", "the canonical events"),
        ])

    private let after: Int
    private let id: String

    init(_ arguments: inout Arguments) throws(Failure) {
        after = try arguments.takeNumber("--after", in: 0...1_000_000) ?? 0
        id = try arguments.takeOrderID()
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let answer = try await session.engine.get("/api/orders/\(Engine.escaped(id))/events", query: [("after", String(after))])
        guard let events = answer["events"]?.array else {
            throw Failure(.refused, "\(session.engine.url) answered without events; is that the engine?")
        }
        guard !session.wantsJSON else {
            session.console.print(answer.serialized)
            return .ok
        }
        var before: String?
        var legs = LegProgress()
        for event in events {
            let time = event["timestamp"]?.string ?? ""
            let delta = TimeText.duration(milliseconds: before.map { TimeText.between($0, time) } ?? 0)
            before = time
            let number = "\(event["seq"]?.integer ?? 0)"
            let columns = String(repeating: " ", count: max(0, 3 - number.count)) + number + "  +" + delta
            session.console.print(columns + String(repeating: " ", count: max(0, 16 - columns.count)) + EventLine.text(event, on: session.console))
            for line in Self.details(event) + legs.lines(event) { session.console.print(session.console.paint("                " + line, .faint)) }
        }
        if events.isEmpty { session.console.print("No events after \(after).") }
        return .ok
    }

    /// The details that an event has beside its message.
    private static func details(_ event: JSONValue) -> [String] {
        func text(_ value: JSONValue?) -> String { Terminal.cut(value?.string ?? value?.number ?? "?", to: 100) }
        var lines: [String] = []
        // Every later event repeats the quote. The list of all quotes comes only with the choice.
        if event.eventType == .routing {
            lines += (event["quotes"]?.array ?? []).map { quote in
                "\(text(quote["dex"])): \(text(quote["amountOutDecimal"])) at \(text(quote["price"])), at least \(text(quote["minReceivedDecimal"]))"
            }
            lines += (event["unavailable"]?.array ?? []).map { "\(text($0["dex"])): no quote, \(text($0["message"]))" }
        }
        if event.eventType == .submitted, event["legs"] == nil, let hash = event["txHash"] { lines.append("transaction \(text(hash))") }
        if let error = event["error"] { lines.append("\(text(error["code"])): \(text(error["message"]))") }
        if event.eventType == .confirmed {
            lines.append("\(text(event["amountOutDecimal"])) at \(text(event["executedPrice"])), slippage \(text(event["realisedSlippageBps"])) bps")
        }
        return lines
    }
}
