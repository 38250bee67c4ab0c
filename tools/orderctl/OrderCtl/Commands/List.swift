internal import EventLoop
internal import JSON
internal import Orders

/// `orderctl list`: lists the newest orders.
struct List: Command {
    private static let usualLimit = 20
    private static let pageLimit = 100

    static let manual = Manual(
        ["list"], synopsis: "[options]",
        summary: "list orders, newest first",
        details: """
            From Postgres, so it may be a moment behind. Statuses:
            \(OrderStatus.allCases.map(\.rawValue).joined(separator: ", ")).
            With --open those that wait for a price: what they wait for, the price of this
            moment, and how far it has to move.
            """,
        options: [
            Manual.Option(name: "--open", meaning: "only those that wait, with the distance to their price"),
            Manual.Option(name: "--status STATUS", meaning: "only these, several by comma"),
            Manual.Option(name: "--user ID", meaning: "only this user's"),
            Manual.Option(name: "--key KEY", meaning: "only the order with this idempotency key"),
            Manual.Option(name: "--since TIME", meaning: "only those placed since, such as 2026-01-10T07:30:00Z"),
            Manual.Option(name: "--limit N", meaning: "at most so many orders (\(usualLimit))"),
        ],
        examples: [
            ("orderctl list", "the newest orders"),
            ("orderctl list --open --user anna", "what of anna's waits, and how far each is from its price"),
            ("orderctl list --status failed --since 2026-01-10T00:00:00Z", "what failed since midnight"),
            ("orderctl list --status pending,routing,building,submitted", "what is under way"),
        ])

    private let filters: [(name: String, value: String)]
    private let limit: Int
    private let isOpen: Bool

    init(_ arguments: inout Arguments) throws(Failure) {
        var filters: [(name: String, value: String)] = []
        for (option, name) in [("--status", "status"), ("--user", "userId"), ("--key", "clientOrderId"), ("--since", "from")] {
            if let value = try arguments.takeValue(option) { filters.append((name, value)) }
        }
        isOpen = arguments.takeFlag("--open")
        if isOpen {
            guard !filters.contains(where: { $0.name == "status" }) else { throw Failure(.usage, "Give --open or --status, not both") }
            filters += [("status", OrderStatus.open.rawValue), ("view", "summary")]
        }
        self.filters = filters
        limit = try arguments.takeNumber("--limit", in: 1...100_000) ?? Self.usualLimit
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        var orders: [JSONValue] = []
        var cursor: String?
        repeat {
            var query = filters + [("limit", String(min(limit - orders.count, Self.pageLimit)))]
            if let cursor { query.append(("cursor", cursor)) }
            let page = try await session.engine.get("/api/orders", query: query)
            guard let list = page["orders"]?.array else {
                throw Failure(.refused, "\(session.engine.url) answered without orders; is that the engine?")
            }
            orders += list
            cursor = page["nextCursor"]?.string
        } while cursor != nil && orders.count < limit
        show(orders, hasMore: cursor != nil, session)
        return .ok
    }

    @ServiceActor private func show(_ orders: [JSONValue], hasMore: Bool, _ session: Session) {
        guard !session.wantsJSON else {
            let body = JSONWriter.object { writer in
                writer.array("orders") { list in for order in orders { list.value(raw: order.serialized) } }
                writer.field("more", hasMore)
            }
            return session.console.print(body)
        }
        guard !orders.isEmpty else { return session.console.print("No orders.") }
        for line in isOpen ? OpenTable.lines(orders, width: session.console.width) : lines(orders, session.console) { session.console.print(line) }
        if hasMore { session.console.print("There are more; see them with --limit \(min(limit * 10, 100_000)).") }
    }

    @ServiceActor private func lines(_ orders: [JSONValue], _ console: Console) -> [String] {
        var table = Table("ORDER", "CREATED", "SWAP", "RECEIVED", "VENUE", "TRIES", "STATUS")
        for order in orders {
            func text(_ name: String) -> String { Terminal.cut(order[name]?.string ?? order[name]?.number ?? "-", to: 64) }
            table.add(
                text("orderId"), String(text("createdAt").prefix { $0 != "." }), OrderText.swap(order), text("amountOutDecimal"), text("chosenDex"),
                text("attempts"), console.paint(text("status"), OrderText.colour(order.orderStatus)))
        }
        // On a narrow terminal these columns are left out first: tries, venue, time and output.
        return table.lines(within: console.width, leavingOut: [5, 4, 1, 3])
    }
}
