internal import EventLoop

/// `orderctl dead drop`: removes dead letters for good.
struct DeadDrop: Command {
    static let manual = Manual(
        ["dead", "drop"], synopsis: "(ID... | --all [--reason REASON])",
        summary: "remove dead letters for good",
        details: """
            There is no way back. A letter in doubt is refused as long as its order has
            not ended (ORDER_IN_DOUBT): a transaction may be under way, and only
            "orderctl dead retry" can follow it to its end.
            """,
        options: LetterSelection.options,
        examples: [
            ("orderctl dead drop 0-1795248762173-0", "one letter"),
            ("orderctl dead drop --all --reason MALFORMED", "every entry that could not be read"),
        ])

    private let selection: LetterSelection

    init(_ arguments: inout Arguments) throws(Failure) { selection = try LetterSelection(&arguments) }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        try await selection.each(session, done: "dropped") { path throws(Failure) in try await session.engine.delete(path) }
    }
}
