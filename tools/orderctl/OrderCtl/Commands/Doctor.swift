internal import EventLoop
internal import JSON

/// `orderctl doctor`: shows what is wrong and what to do about it.
struct Doctor: Command {
    static let manual = Manual(
        ["doctor"], synopsis: "[--stuck-after SECONDS]", summary: "look for what is wrong, and say what to do",
        details: """
            The gateway looks at Redis (whether it lets the engine work, version, persistence,
            eviction, memory), Postgres (whether it answers and stores, and how far it is
            behind), the clocks, the services, the consumer groups, the backlog, dead
            letters, pauses, and at orders that do not go on. Nothing is changed. Exit
            code 1 when a fault is found; warnings alone end with 0.
            """,
        options: [
            Manual.Option(name: "--stuck-after SECONDS", meaning: "when an order in hand that does not move is stuck (1 to 86400; 120)")
        ],
        examples: [
            ("orderctl doctor", "whenever something looks odd, and after every change of the set-up"),
            ("orderctl doctor --json | jq '.checks[] | select(.verdict != \"ok\")'", "for a program"),
        ])

    private let stuckAfter: Int?

    init(_ arguments: inout Arguments) throws(Failure) { stuckAfter = try arguments.takeNumber("--stuck-after", in: 1...86_400) }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let answer = try await session.engine.get("/api/doctor", query: stuckAfter.map { [("stuckAfterSeconds", String($0))] } ?? [])
        guard let checks = answer["checks"]?.array, let isHealthy = answer["healthy"]?.bool else {
            throw Failure(.refused, "\(session.engine.url) answered without findings; is that the engine?")
        }
        if session.wantsJSON {
            session.console.print(answer.serialized)
        } else {
            show(checks, on: session.console)
        }
        return isHealthy ? .ok : .refused
    }

    @ServiceActor private func show(_ checks: [JSONValue], on console: Console) {
        let width = checks.map { ($0["check"]?.string ?? "").count }.max() ?? 0
        var counts: [String: Int] = [:]
        for check in checks {
            let verdict = check["verdict"]?.string ?? "unknown"
            counts[verdict, default: 0] += 1
            let name = check["check"]?.string ?? "?"
            let (word, colour) = Self.word(verdict)
            let padding = String(repeating: " ", count: width - name.count)
            console.print("\(console.paint(word, colour))  \(Terminal.safe(name))\(padding)  \(Terminal.safe(check["finding"]?.string ?? ""))")
            if let advice = check["advice"]?.string { console.print(String(repeating: " ", count: 9 + width) + "→ " + Terminal.safe(advice)) }
        }
        let (faults, warnings) = (counts["fault", default: 0], counts["warning", default: 0])
        let verdict = faults > 0 ? console.paint("\(faults) \(faults == 1 ? "fault" : "faults")", .red) : console.paint("no fault", .green)
        console.print("\(checks.count) checks: \(verdict), \(warnings) \(warnings == 1 ? "warning" : "warnings").")
    }

    private static func word(_ verdict: String) -> (word: String, colour: Terminal.Colour) {
        switch verdict {
        case "ok": ("ok   ", .green)
        case "warning": ("warn ", .yellow)
        case "fault": ("FAULT", .red)
        default: ("?    ", .yellow)
        }
    }
}
