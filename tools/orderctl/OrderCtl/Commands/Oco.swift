internal import EventLoop
internal import JSON

/// `orderctl oco`: places a take-profit and a stop of which at most one fills.
struct Oco: Command {
    static let manual = Manual(
        ["oco"], synopsis: "--take-profit PRICE --stop PRICE [options] TOKEN_IN TOKEN_OUT AMOUNT",
        summary: "place a take-profit and a stop, of which at most one fills",
        details: """
            Both sell the same amount. While one of them is under way the other is held.
            Once any of it is filled, the other is cancelled. If it fails, or waits again,
            the other is free again. Cancelling one cancels both. As with submit, an answer
            that got lost is asked for again under the same idempotency key.
            """,
        options: [
            Manual.Option(name: "--take-profit PRICE", meaning: "wait until the price has moved in your favour this far"),
            Manual.Option(name: "--stop PRICE", meaning: "or until it has moved against you this far"),
            Manual.Option(name: "--slippage-bps N", meaning: "what the price may move, of both (100 and, for the stop, 1000)"),
            Manual.Option(name: "--user ID", meaning: "whose orders they are"),
            Manual.Option(name: "--key KEY", meaning: "the idempotency key: the same key and orders are the same orders"),
            Manual.Option(name: "--price-of TOKEN", meaning: "whose price it is, where neither token is USDC, USDT or SOL"),
            PriceOptions.expires, PriceOptions.immediate,
        ],
        examples: [("orderctl oco --take-profit 200 --stop 150 SOL USDC 1.5", "sell 1.5 SOL at 200, or at 150 if it falls")])

    private let key: String?
    private let body: String

    init(_ arguments: inout Arguments) throws(Failure) {
        let prices = (profit: try arguments.takeValue("--take-profit"), stop: try arguments.takeValue("--stop"))
        guard let profit = prices.profit, let stop = prices.stop else {
            throw Failure(.usage, "Give both prices, as in orderctl oco --take-profit 200 --stop 150 SOL USDC 1.5")
        }
        let slippageBps = try arguments.takeNumber("--slippage-bps", in: 1...5000)
        let user = try arguments.takeValue("--user")
        key = try arguments.takeKey()
        let pricedToken = try arguments.takeValue("--price-of")
        let expiry = try arguments.takeExpiry()
        let isImmediate = arguments.takeFlag("--immediate")
        let operands = try arguments.takeOperands()
        guard operands.count == 3 else {
            throw Failure(.usage, "Give two tokens and an amount, as in orderctl oco --take-profit 200 --stop 150 SOL USDC 1.5")
        }
        body = JSONWriter.object { writer in
            writer.field("userId", ifPresent: user)
            writer.array("orders") { list in
                for (type, price) in [("takeProfit", profit), ("stop", stop)] {
                    list.object {
                        $0.field("tokenIn", operands[0])
                        $0.field("tokenOut", operands[1])
                        $0.field("amount", operands[2])
                        $0.field("slippageBps", ifPresent: slippageBps)
                        $0.field("orderType", type)
                        $0.field("triggerPrice", price)
                        $0.field("priceToken", ifPresent: pricedToken)
                        $0.field("expiresAt", ifPresent: expiry)
                        if isImmediate { $0.field("allowImmediate", true) }
                    }
                }
            }
        }
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let answer = try await session.engine.place("/api/orders/oco", body, key: key)
        guard let orders = answer["orders"]?.array else {
            throw Failure(.refused, "\(session.engine.url) answered without orders; is that the engine?")
        }
        guard !session.wantsJSON else {
            session.console.print(answer.serialized)
            return .ok
        }
        for order in orders {
            session.console.print("Order \(session.console.paint(Terminal.safe(order["orderId"]?.string ?? "?"), .green)) is in.")
            if let summary = order["summary"]?.string { session.console.print(Terminal.safe(summary) + ".") }
        }
        session.remark(answer)
        return .ok
    }
}
