import Orders
import Pipeline
import TestOrders
import TestSupport
import Testing

@testable import ServiceKit

extension PriceLevel {
    /// A price that a test names.
    static func of(_ text: String) -> PriceLevel { try! PriceLevel(decimal: text) }
}

extension Samples {
    static let direction = PriceDirection(tokenIn: sol.mint, tokenOut: usdc.mint, priced: .tokenIn)

    /// A sale of 1.5 SOL that waits.
    static func waiting(
        _ type: OrderType = .limit, at price: String = "150", limit: String? = nil, time: TimeInForce = .gtc, id: OrderID = id(), oco: OrderID? = nil,
        then: [Order] = [], trailingBps: Int? = nil
    ) -> Order {
        var terms = PriceTerms(priced: .tokenIn, trailingBps: trailingBps, timeInForce: time, expiresAt: 9_000_000_000_000)
        terms.limitPrice = (type == .limit ? price : limit).map(PriceLevel.of)
        terms.triggerPrice = type.needsTriggerPrice ? .of(price) : nil
        return Order(
            id: id, orderType: type, terms: terms, oco: oco, then: then, tokenIn: sol, tokenOut: usdc, amountIn: BaseUnits(1_500_000_000),
            slippageBps: 100, slippage: "0.01", createdAt: 1_768_030_217_789, maxAttempts: 3, fingerprint: "f")
    }
}

extension TestProcess {
    /// Accepts orders that wait; two of them as a pair.
    func hold(_ orders: Order..., mark: String? = nil) async throws {
        let new = orders.map { NewOrder($0, waiting: $0.waiting(at: mark.map(PriceLevel.of))) }
        let outcome = try await pipeline.accept(new, idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
        guard case .accepted = outcome else { throw TestFailure("the order was not accepted: \(outcome)") }
    }
}
