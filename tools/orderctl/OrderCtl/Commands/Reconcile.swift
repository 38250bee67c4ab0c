internal import EventLoop
internal import JSON

/// `orderctl reconcile`: lists orders that Redis has lost.
struct Reconcile: Command {
    static let manual = Manual(
        ["reconcile"], synopsis: "", summary: "report orders that Redis has lost",
        details: """
            Compares the orders that Postgres knows as under way with Redis, and lists
            those that are not there any more: after a FLUSHALL, a lost disk, or a restart
            that lost its last writes. Nothing is changed; what to do about them is in
            docs/operations.md. Exit code 1 when an order is lost.
            """,
        examples: [("orderctl reconcile", "list lost orders"), ("orderctl reconcile --json >lost.json || echo lost", "for a script")])

    init(_: inout Arguments) throws(Failure) {}

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let answer = try await session.engine.get("/api/reconcile")
        guard let lost = answer["lost"]?.array, let checked = answer["checked"]?.integer else {
            throw Failure(.refused, "\(session.engine.url) answered without a comparison; is that the engine?")
        }
        let count = answer["lostCount"]?.integer ?? Int64(lost.count)
        if session.wantsJSON {
            session.console.print(answer.serialized)
        } else {
            show(lost, count: Int(count), checked: Int(checked), isComplete: answer["complete"]?.bool ?? true, on: session.console)
        }
        return count == 0 ? .ok : .refused
    }

    @ServiceActor private func show(_ lost: [JSONValue], count: Int, checked: Int, isComplete: Bool, on console: Console) {
        if !lost.isEmpty {
            var table = Table("ORDER", "STATUS", "LAST MOVED")
            for order in lost {
                let cells = ["orderId", "status", "updatedAt"].map { Terminal.safe(order[$0]?.string ?? "?") }
                table.add(cells[0], cells[1], cells[2])
            }
            for line in table.lines { console.print(line) }
            if count > lost.count { console.print("and \(count - lost.count) more") }
        }
        let verdict = count == 0 ? console.paint("none is lost", .green) : console.paint("\(count) lost", .red)
        console.print("\(checked) orders under way were looked at: \(verdict).")
        if !isComplete { console.print("There are more under way than one comparison looks at.") }
    }
}
