internal import EventLoop
internal import JSON

/// The letters that a command is for: those it was given, or all there are when it begins.
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

    /// Does something to each letter, and says what became of it. A refusal does not keep the others from their turn.
    ///
    /// All are chosen before the first is touched: an entry that is put back may become a letter again at once.
    @ServiceActor
    func each(
        _ session: Session, done: String, _ body: @ServiceActor (_ path: String) async throws(Failure) -> JSONValue
    ) async throws(Failure) -> ExitCode {
        var report = LetterReport(session: session, done: done)
        for id in try await chosen(session) {
            do throws(Failure) {
                report.succeeded(id, try await body("/api/dead-letters/\(Engine.escaped(id))"))
            } catch {
                guard error.status == .refused else {
                    report.finish()
                    throw error
                }
                report.failed(id, error)
            }
        }
        report.finish()
        return report.refused == 0 ? .ok : .refused
    }

    @ServiceActor
    private func chosen(_ session: Session) async throws(Failure) -> [String] {
        guard ids.isEmpty else { return ids }
        var all: [String] = []
        _ = try await session.engine.deadLetters(reason: reason) { all += $0.map(\.id) }
        return all
    }
}

/// What became of each letter: a line each, or all in one JSON object at the end.
@ServiceActor
struct LetterReport {
    private let session: Session
    private let done: String
    private var results: [String] = []
    private(set) var refused = 0

    init(session: Session, done: String) {
        self.session = session
        self.done = done
    }

    mutating func succeeded(_ id: String, _ answer: JSONValue) {
        results.append(answer.serialized)
        guard !session.wantsJSON else { return }
        let place = answer["stream"]?.string.map { ", on \(Terminal.safe($0)) again" } ?? ""
        session.console.print("\(Terminal.safe(id))  \(session.console.paint(done, .green))\(place)")
    }

    mutating func failed(_ id: String, _ failure: Failure) {
        refused += 1
        results.append(
            JSONWriter.object {
                $0.field("success", false)
                $0.field("id", id)
                $0.field("code", failure.code)
                $0.field("error", failure.sentence)
            })
        guard !session.wantsJSON else { return }
        session.console.complain("\(Terminal.safe(id))  refused: \(failure.sentence)")
    }

    func finish() {
        let succeeded = results.count - refused
        if session.wantsJSON {
            let body = JSONWriter.object { writer in
                writer.array("results") { list in for result in results { list.value(raw: result) } }
                writer.field("succeeded", succeeded)
                writer.field("refused", refused)
            }
            session.console.print(body)
        } else if results.count != 1 {
            session.console.print("\(succeeded) \(done), \(refused) refused.")
        }
    }
}
