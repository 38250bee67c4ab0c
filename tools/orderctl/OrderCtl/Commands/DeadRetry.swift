internal import EventLoop

/// `orderctl dead retry`: puts entries back on their streams.
struct DeadRetry: Command {
    static let manual = Manual(
        ["dead", "retry"], synopsis: "(ID... | --all [--reason REASON])",
        summary: "put dead letters back on their streams",
        details: """
            Each entry goes back with its original fields, as if for the first time, and
            is no dead letter any more. Do it when the cause is gone: what still cannot be
            handled becomes a dead letter again. A letter whose order has ended is refused
            (ORDER_FINAL): drop it.
            """,
        options: LetterSelection.options,
        examples: [
            ("orderctl dead retry 0-1795248762173-0", "one letter"),
            ("orderctl dead retry --all --reason IN_DOUBT", "every order in doubt is followed again"),
        ])

    private let selection: LetterSelection

    init(_ arguments: inout Arguments) throws(Failure) { selection = try LetterSelection(&arguments) }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        try await selection.each(session, done: "put back") { path throws(Failure) in try await session.engine.post(path + "/retry") }
    }
}
