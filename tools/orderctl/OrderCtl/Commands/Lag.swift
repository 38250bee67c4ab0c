internal import EventLoop
internal import JSON

/// `orderctl lag`: shows how far each stage is behind.
struct Lag: Command {
    private static let usualInterval = 1

    static let manual = Manual(
        ["lag"], synopsis: "[--watch] [--interval SECONDS] [--count N]", summary: "show where orders wait, how long, and how fast they move",
        details: """
            For each stage: the backlog (entries that nobody was given yet), entries in
            hand, the age of the oldest of both, entries delivered a second, the time to
            drain at that rate, and the processes that serve it. Router behind: start
            routers; executor behind: executors; persist behind: notifiers. With --watch
            it is measured again and again until Ctrl-C; with --json a line each time.
            """,
        options: [
            Manual.Option(name: "--watch", meaning: "measure again and again"),
            Manual.Option(name: "--interval SECONDS", meaning: "with --watch: how often (1 to 3600; \(usualInterval))"),
            Manual.Option(name: "--count N", meaning: "with --watch: end after so many"),
        ],
        examples: [
            ("orderctl lag", "once"), ("orderctl lag --watch", "live, until Ctrl-C"),
            ("orderctl lag --json | jq '.streams[].groups[] | {group, lag}'", "for a program"),
        ])

    private let watches: Bool
    private let interval: Int
    private let count: Int

    init(_ arguments: inout Arguments) throws(Failure) {
        watches = arguments.takeFlag("--watch")
        let interval = try arguments.takeNumber("--interval", in: 1...3600)
        let count = try arguments.takeNumber("--count", in: 1...1_000_000)
        guard watches || (interval == nil && count == nil) else { throw Failure(.usage, "--interval and --count go with --watch") }
        self.interval = interval ?? Self.usualInterval
        self.count = watches ? count ?? .max : 1
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        var shown = 0
        while true {
            do throws(Failure) {
                let answer = try await session.engine.get("/api/streams")
                guard let report = LagReport(answer) else {
                    throw Failure(.refused, "\(session.engine.url) answered without streams; is that the engine?")
                }
                if session.wantsJSON {
                    session.console.print(answer.serialized)
                } else {
                    if shown > 0 || watches && session.console.isTerminal { session.console.beginPage() }
                    report.show(on: session.console)
                }
            } catch {
                // With --watch, a user wants to see the engine come back. But if the engine never answered, that is an error at once.
                guard shown > 0 else { throw error }
                session.complain(error)
            }
            shown += 1
            guard shown < count else { return .ok }
            try? await sleep(for: .seconds(interval))
        }
    }
}
