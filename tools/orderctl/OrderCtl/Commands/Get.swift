internal import EventLoop
internal import JSON
internal import Orders

/// `orderctl get`: shows one order as it is now.
struct Get: Command {
    static let manual = Manual(
        ["get"], synopsis: "ORDER_ID", summary: "show an order as it is now",
        details: """
            What was ordered, where it stands, and what came of it, of a split order also
            leg by leg. orderctl watch follows it, orderctl replay shows how it got there.
            With --json all that the engine knows of it, its quotes and history too.
            """,
        examples: [
            ("orderctl get 01a1fd2a-6a31-7c40-8000-0d6f6d3c9f00", "an order"),
            ("orderctl get --json ID | jq -r .status", "its status, for a script"),
        ])

    private static let terms = [
        ("limit price", "limitPrice"), ("trigger price", "triggerPrice"), ("trailing bps", "trailingBps"), ("liquidity", "minLiquidity"),
        ("in force", "timeInForce"), ("expires", "expiresAt"), ("pair with", "ocoOrderId"), ("woken at", "markPrice"),
    ]
    private static let rows = [
        ("user", "userId"), ("key", "clientOrderId"), ("venue", "chosenDex"), ("received", "amountOutDecimal"),
        ("price", "executedPrice"), ("slippage bps", "realisedSlippageBps"), ("transaction", "txHash"), ("attempts", "attempts"),
        ("last error", "lastError"), ("created", "createdAt"), ("moved last", "updatedAt"),
    ]

    private let id: String

    init(_ arguments: inout Arguments) throws(Failure) { id = try arguments.takeOrderID() }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let order = try await session.engine.get("/api/orders/\(Engine.escaped(id))")
        guard !session.wantsJSON else {
            session.console.print(order.serialized)
            return .ok
        }
        func text(_ name: String) -> String? { (order[name]?.string ?? order[name]?.number).map { Terminal.cut($0, to: 200) } }
        var table = Table("order", text("orderId") ?? "?")
        table.add("swap", OrderText.swap(order) + (text("limitPrice") == nil ? ", at most \(text("slippageBps") ?? "?") bps worse" : ""))
        if let type = text("orderType"), type != OrderType.market.rawValue {
            table.add("type", type)
            for (label, name) in Self.terms { if let value = text(name) { table.add(label, value) } }
        }
        if let next = order["thenOrderIds"]?.array { table.add("then", next.map { Terminal.safe($0.string ?? "?") }.joined(separator: ", ")) }
        table.add("status", text("status") ?? "?")
        if let price = OrderText.waitsFor(order) { table.add("waits for", price) }
        for (label, name) in Self.rows { if let value = text(name) { table.add(label, value) } }
        if let filled = order["filled"], let input = filled["amountInDecimal"]?.string, let output = filled["amountOutDecimal"]?.string {
            let whole = "\(text("amount") ?? "?") \(text("tokenIn") ?? "?")"
            table.add("filled", "\(Terminal.safe(input)) of \(whole) for \(Terminal.safe(output)) \(text("tokenOut") ?? "?")")
        }
        for line in table.lines + LegTable.lines(order["legs"]?.array ?? [], of: order) { session.console.print(line) }
        return .ok
    }
}

/// Parts of an order in the form for people.
enum OrderText {
    /// `1.5 SOL to USDC`.
    static func swap(_ order: JSONValue) -> String {
        let amount = order["amountInDecimal"] ?? order["amount"]
        let parts = [amount, order["tokenIn"], order["tokenOut"]].map { Terminal.safe($0?.string ?? "?") }
        return "\(parts[0]) \(parts[1]) to \(parts[2])"
    }

    /// What an order that waits waits for: `180 USDC`, or a market for its amount. Nil for others.
    static func waitsFor(_ order: JSONValue) -> String? {
        guard order.orderStatus == .open else { return nil }
        guard let price = order["waitsFor"]?.string else { return order["orderType"]?.string == OrderType.sniper.rawValue ? "a market" : nil }
        let unit = order["priceToken"] == order["tokenIn"] ? order["tokenOut"] : order["tokenIn"]
        return Terminal.cut(price, to: 64) + " " + Terminal.safe(unit?.string ?? "?")
    }

    static func colour(_ status: OrderStatus?) -> Terminal.Colour {
        switch status {
        case .confirmed: .green
        case .failed: .red
        case .cancelled, .expired: .yellow
        case .open, .pending, .routing, .building, .submitted, nil: .faint
        }
    }
}

extension JSONValue {
    /// The status of an order or of one of its events; nil if this version does not know it.
    var orderStatus: OrderStatus? { self["status"]?.string.flatMap { OrderStatus(rawValue: $0) } }

    /// The type of an event; nil if this version does not know it.
    var eventType: EventType? { self["type"]?.string.flatMap { EventType(rawValue: $0) } }
}
