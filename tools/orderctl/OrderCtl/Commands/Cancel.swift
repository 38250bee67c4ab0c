internal import EventLoop

/// `orderctl cancel`: cancels orders whose transaction is not submitted.
struct Cancel: Command {
    static let manual = Manual(
        ["cancel"], synopsis: "ORDER_ID...", summary: "cancel orders whose transaction is not under way",
        details: """
            An order that is cancelled is never filled afterwards; cancelling it again is
            no mistake, so it is asked for again where the answer got lost. Refused are
            orders whose transaction was submitted (ORDER_SUBMITTED), those that have
            ended otherwise (ORDER_FINAL) and those that Redis has lost (ORDER_LOST, see
            orderctl reconcile): exit code 1.
            """,
        examples: [
            ("orderctl cancel 01a1fd2a-6a31-7c40-8000-0d6f6d3c9f00", "one order"),
            ("orderctl list --json --user anna | jq -r '.orders[].orderId' | xargs orderctl cancel", "whatever of anna's still can be"),
        ])

    private let ids: [String]

    init(_ arguments: inout Arguments) throws(Failure) {
        ids = try arguments.takeOperands()
        guard !ids.isEmpty else { throw Failure(.usage, "Which order? Give its id; orderctl list shows the newest") }
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        try await BatchReport.each(of: ids, session, done: "cancelled") { id throws(Failure) in
            try await session.engine.repeating(orElse: "cancelling it again is no mistake, orderctl get shows it") { () async throws(Failure) in
                try await session.engine.delete("/api/orders/\(Engine.escaped(id))")
            }
        }
    }
}
