internal import EventLoop
internal import JSON

/// The letters that a command works on: the given ids, or all letters that exist when it begins.
struct LetterSelection: Sendable {
    private let ids: [String]
    private let reason: String?

    static let options = [
        Manual.Option(name: "--all", meaning: "every letter there is when the command begins"),
        Manual.Option(name: "--reason REASON", meaning: "with --all: only letters with this reason"),
    ]

    init(_ arguments: inout Arguments) throws(Failure) {
        let takesAll = arguments.takeFlag("--all")
        reason = try arguments.takeValue("--reason")
        ids = try arguments.takeOperands()
        guard takesAll == ids.isEmpty else {
            throw Failure(.usage, takesAll ? "Give ids or --all, not both" : "Which letters? Give their ids, or --all; orderctl dead list shows them")
        }
        guard takesAll || reason == nil else { throw Failure(.usage, "--reason goes with --all; leave it out beside ids") }
    }

    /// Runs `body` for each letter and reports the outcome. If one is refused, the others still get their turn.
    ///
    /// All letters are chosen before the first is handled: an entry that is put back may become a letter again at once.
    @ServiceActor
    func each(
        _ session: Session, done: String, _ body: @ServiceActor (_ path: String) async throws(Failure) -> JSONValue
    ) async throws(Failure) -> ExitCode {
        try await BatchReport.each(of: try await chosen(session), session, done: done) { id throws(Failure) in
            try await body("/api/dead-letters/\(Engine.escaped(id))")
        }
    }

    @ServiceActor
    private func chosen(_ session: Session) async throws(Failure) -> [String] {
        guard ids.isEmpty else { return ids }
        var all: [String] = []
        _ = try await session.engine.deadLetters(reason: reason) { all += $0.map(\.id) }
        return all
    }
}
