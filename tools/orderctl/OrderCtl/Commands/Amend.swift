internal import EventLoop
internal import JSON

/// `orderctl amend`: changes the terms of an order that waits.
struct Amend: Command {
    static let manual = Manual(
        ["amend"], synopsis: "ORDER_ID [options]", summary: "change the prices or the end of an order that waits",
        details: """
            Only while the order is open: one whose price was reached is refused
            (ORDER_TRIGGERED). The change is made only if the order is still as this
            command has read it (ORDER_CHANGED otherwise). The type, the tokens and the
            amount cannot change: cancel the order and place another one.
            """,
        options: [
            Manual.Option(name: "--limit PRICE", meaning: "the new limit price"),
            Manual.Option(name: "--trigger PRICE", meaning: "the new price of a stop or take-profit"),
            Manual.Option(name: "--trail DISTANCE", meaning: "the new distance of a trailing stop: 200bps or 2%"),
            Manual.Option(name: "--slippage-bps N", meaning: "what the price may move, in basis points (1 to 5000)"),
            PriceOptions.expires,
            Manual.Option(name: "--immediate", meaning: "also if the new price is reached already"),
        ],
        examples: [
            ("orderctl amend 01a1fd2a-6a31-7c40-8000-0d6f6d3c9f00 --limit 185", "a higher limit price"),
            ("orderctl amend ID --trigger 155 --expires 7d", "another stop, for a week from now"),
        ])

    private let id: String
    private let body: String

    init(_ arguments: inout Arguments) throws(Failure) {
        let limit = try arguments.takeValue("--limit")
        let trigger = try arguments.takeValue("--trigger")
        let trailingBps = try arguments.takeDistance("--trail")
        let slippageBps = try arguments.takeNumber("--slippage-bps", in: 1...5000)
        let expiry = try arguments.takeExpiry()
        let isImmediate = arguments.takeFlag("--immediate")
        id = try arguments.takeOrderID()
        guard limit != nil || trigger != nil || trailingBps != nil || slippageBps != nil || expiry != nil else {
            throw Failure(.usage, "What shall change? Give --limit, --trigger, --trail, --slippage-bps or --expires")
        }
        body = JSONWriter.object {
            $0.field("limitPrice", ifPresent: limit)
            $0.field("triggerPrice", ifPresent: trigger)
            $0.field("trailingBps", ifPresent: trailingBps)
            $0.field("slippageBps", ifPresent: slippageBps)
            $0.field("expiresAt", ifPresent: expiry)
            if isImmediate { $0.field("allowImmediate", true) }
        }
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let order = try await amend(session.engine)
        guard !session.wantsJSON else {
            session.console.print(order.serialized)
            return .ok
        }
        let message = order["logs"]?.array?.last?["message"]?.string ?? "amended"
        session.console.print("\(Terminal.safe(id))  \(session.console.paint(Terminal.safe(message), .green))")
        return .ok
    }

    /// A change whose answer was lost is not sent again: made already, it would be refused as a change of the order meanwhile.
    private func amend(_ engine: Engine) async throws(Failure) -> JSONValue {
        do throws(Failure) {
            return try await engine.patch("/api/orders/\(Engine.escaped(id))", json: body)
        } catch {
            throw error.mayHaveBeenDone ? error.advising("orderctl get shows the order as it is now") : error
        }
    }
}
