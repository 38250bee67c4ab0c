import EventLoop
import JSON

/// `orderctl partitions show`: over how many partitions orders are shared out.
struct PartitionsShow: Command {
    static let manual = Manual(
        ["partitions", "show"], synopsis: "", summary: "show over how many partitions orders are shared out",
        details: """
            Also shows how far a growth is, which processes it waits for, and which were
            started with another PARTITIONS.
            """,
        examples: [("orderctl partitions show", "once"), ("orderctl partitions show --json", "for a script")])

    init(_: inout Arguments) throws(Failure) {}

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let answer = try await session.engine.get("/api/partitions")
        try PartitionReport(answer, session).show()
        return .ok
    }
}

/// `orderctl partitions grow`: more partitions while the engine works.
struct PartitionsGrow: Command {
    static let manual = Manual(
        ["partitions", "grow"], synopsis: "COUNT [--timeout SECONDS]", summary: "share orders out over more partitions, while the engine works",
        details: """
            Nothing has to be paused or stopped. All processes begin to read the new
            partitions; then new orders go there too. A repeated request still gets its
            order. Waits until that is done. If a process does not follow, nothing has
            changed for orders, and the command says which one it is.

            Afterwards set PARTITIONS to the new count, for the next time processes are
            started. There is no way back while orders are under way.
            """,
        options: [Manual.Option(name: "--timeout SECONDS", meaning: "how long to wait, 60 unless given")],
        examples: [("orderctl partitions grow 48", "before a cluster gets its third master")])

    private static let look = Duration.milliseconds(300)

    private let count: Int
    private let timeout: Duration

    init(_ arguments: inout Arguments) throws(Failure) {
        timeout = .seconds(try arguments.takeNumber("--timeout", in: 1...3600) ?? 60)
        let words = try arguments.takeOperands()
        guard words.count == 1, let count = Int(words[0]), (1...256).contains(count) else {
            throw Failure(.usage, "To how many? Give one whole number from 1 to 256, such as: orderctl partitions grow 16")
        }
        self.count = count
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let body = JSONWriter.object { $0.field("count", count) }
        var answer = try await session.engine.repeating(orElse: "asking again is no mistake; see orderctl partitions show") {
            () async throws(Failure) in try await session.engine.post("/api/partitions/grow", json: body)
        }
        let start = MonotonicInstant.now
        while answer["growingTo"]?.integer != nil, start.elapsed < timeout {
            try? await sleep(for: Self.look)
            answer = try await session.engine.repeating(orElse: "the growth goes on; see orderctl partitions show") {
                () async throws(Failure) in try await session.engine.get("/api/partitions")
            }
        }
        try PartitionReport(answer, session).show()
        return answer["count"]?.integer == Int64(count) ? .ok : .refused
    }
}

/// What the engine says of its partitions.
@ServiceActor
struct PartitionReport {
    private let answer: JSONValue
    private let session: Session

    init(_ answer: JSONValue, _ session: Session) { (self.answer, self.session) = (answer, session) }

    func show() throws(Failure) {
        guard let count = answer["count"]?.integer else {
            throw Failure(.refused, "\(session.engine.url) answered without a count of partitions; is that the engine?")
        }
        let console = session.console
        guard !session.wantsJSON else { return console.print(answer.serialized) }
        console.print(count == 1 ? "Orders are in one partition." : "Orders are shared out over \(count) partitions.")
        if let target = answer["growingTo"]?.integer {
            let late = names("waitingFor")
            let wait = late.isEmpty ? "." : " and waits for \(late): see their logs, or start them again."
            console.print("The engine \(console.paint("grows", .yellow)) to \(target)\(wait)")
        }
        for former in answer["former"]?.array ?? [] {
            let until = Terminal.safe(former["until"]?.string ?? "?")
            console.print("Until \(until) repeated requests are also looked for by the count of before, \(former["count"]?.integer ?? 0).")
        }
        let outdated = names("outdated")
        if !outdated.isEmpty, answer["growingTo"]?.integer == nil {
            console.print("Set PARTITIONS=\(count) for the next start of \(outdated).")
        }
    }

    private func names(_ member: String) -> String {
        (answer[member]?.array ?? []).compactMap { $0.string.map(Terminal.safe) }.joined(separator: ", ")
    }
}
