internal import EventLoop
internal import JSON

/// `orderctl dead list`: lists entries that could not be handled, and why.
struct DeadList: Command {
    private static let usualLimit = 100
    private static let valueLength = 80

    static let manual = Manual(
        ["dead", "list"], synopsis: "[--reason REASON] [--limit N]",
        summary: "list stream entries that could not be handled",
        details: """
            Oldest first: id, reason, stream, how often the entry was delivered, when it
            was given up, its order, and the entry's own fields. What each reason means
            and what to do about it: docs/operations.md.
            """,
        options: [
            Manual.Option(name: "--reason REASON", meaning: "only letters with this reason, such as MALFORMED or IN_DOUBT"),
            Manual.Option(name: "--limit N", meaning: "at most so many letters (\(usualLimit))"),
        ],
        examples: [
            ("orderctl dead list", "the oldest letters"),
            ("orderctl dead list --reason IN_DOUBT --json", "orders in doubt, for a program"),
        ])

    private let reason: String?
    private let limit: Int

    init(_ arguments: inout Arguments) throws(Failure) {
        reason = try arguments.takeValue("--reason")
        limit = try arguments.takeNumber("--limit", in: 1...1_000_000) ?? Self.usualLimit
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        var letters: [ListedDeadLetter] = []
        let hasMore = try await session.engine.deadLetters(reason: reason, limit: limit) { letters += $0 }
        if session.wantsJSON {
            let body = JSONWriter.object {
                $0.field("deadLetters", letters.map(\.value))
                $0.field("more", hasMore)
            }
            session.console.print(body)
            return .ok
        }
        for letter in letters { show(letter, on: session.console) }
        if letters.isEmpty {
            session.console.print(reason.map { "No dead letters with the reason \(Terminal.safe($0))." } ?? "No dead letters.")
        } else if hasMore {
            session.console.print("There are more; see them with --limit \(min(limit * 10, 1_000_000)).")
        }
        return .ok
    }

    @ServiceActor private func show(_ letter: ListedDeadLetter, on console: Console) {
        let stream = Terminal.safe(letter.value["stream"]?.string ?? "?")
        let times = letter.value["deliveries"]?.integer ?? 0
        let moment = Terminal.safe(letter.value["at"]?.string ?? "?")
        let reason = console.paint(Terminal.safe(letter.reason), letter.reason == "IN_DOUBT" ? .yellow : .red)
        console.print("\(Terminal.safe(letter.id))  \(reason)  from \(stream), delivered \(times) \(times == 1 ? "time" : "times")  \(moment)")
        console.print("    order: \(Terminal.safe(letter.value["orderId"]?.string ?? "none"))")
        for field in letter.value["fields"]?.object ?? [] {
            let value = Terminal.cut(field.value.string ?? field.value.serialized, to: Self.valueLength)
            console.print(console.paint("    \(Terminal.cut(field.name, to: Self.valueLength)) = \(value)", .faint))
        }
    }
}
