internal import EventLoop

/// `orderctl watch`: shows an order's events as they happen.
struct Watch: Command {
    static let manual = Manual(
        ["watch"], synopsis: "ORDER_ID", summary: "follow an order live, to its end",
        details: """
            Begins with what the order has been through, and goes on live; an engine that
            goes away is looked for again, and no event is missed or shown twice. Exit
            code 2 when the order fails, is cancelled or expires. With --json each event
            is one line.
            """,
        examples: [
            ("orderctl watch 01a1fd2a-6a31-7c40-8000-0d6f6d3c9f00", "a progress bar, and a line an event"),
            ("orderctl watch --json ID | jq -r .message", "for a program"),
        ])

    private let id: String

    init(_ arguments: inout Arguments) throws(Failure) { id = try arguments.takeOrderID() }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode { try await OrderWatch(session).follow(id) }
}

extension Arguments {
    /// Takes the id of an order, which must be the only operand.
    mutating func takeOrderID() throws(Failure) -> String {
        let operands = try takeOperands()
        guard operands.count == 1 else {
            throw Failure(.usage, operands.isEmpty ? "Which order? Give its id; orderctl list shows the newest" : "Give the id of one order")
        }
        return operands[0]
    }
}
