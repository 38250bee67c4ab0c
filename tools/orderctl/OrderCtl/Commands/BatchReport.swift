internal import EventLoop
internal import JSON

/// The outcome of an action on each of several things: one line each, or one JSON object at the end.
@ServiceActor
struct BatchReport {
    private let session: Session
    private let done: String
    private var results: [String] = []
    private var refused = 0

    private init(session: Session, done: String) {
        self.session = session
        self.done = done
    }

    /// Runs `body` for each id and reports the outcome. If one is refused, the others still get their turn. If the engine cannot be reached, the
    /// command ends.
    static func each(
        of ids: [String], _ session: Session, done: String, _ body: @ServiceActor (_ id: String) async throws(Failure) -> JSONValue
    ) async throws(Failure) -> ExitCode {
        var report = BatchReport(session: session, done: done)
        for id in ids {
            do throws(Failure) {
                report.succeeded(id, try await body(id))
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

    private mutating func succeeded(_ id: String, _ answer: JSONValue) {
        results.append(answer.serialized)
        guard !session.wantsJSON else { return }
        let place = answer["stream"]?.string.map { ", on \(Terminal.safe($0)) again" } ?? ""
        session.console.print("\(Terminal.safe(id))  \(session.console.paint(done, .green))\(place)")
    }

    private mutating func failed(_ id: String, _ failure: Failure) {
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

    private func finish() {
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
