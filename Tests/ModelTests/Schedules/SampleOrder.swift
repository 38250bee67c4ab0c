import Orders
import Pipeline
import TestOrders
import TestSupport

/// The order that every schedule is about.
enum SampleOrder {
    static let quote = Quote(
        dex: "meteora", pool: "pool", amountIn: BaseUnits(1_500_000_000), amountOut: BaseUnits(218_220_000), minReceived: BaseUnits(216_220_000),
        feeBps: "20", priceImpactPct: "0.0012", inputDecimals: 9, outputDecimals: 6)
    static let fill = Fill(
        executedPrice: "145.48", amountOut: BaseUnits(218_220_000), amountOutDecimal: "218.22", realisedSlippageBps: 0, networkFeeLamports: 5000)

    /// One open order for the account of every schedule's order.
    static let onlyOne = AccountLimits(Account(owner: Owner(key: "bot"), user: nil), openOrders: 1, ordersPerMinute: nil)

    static func make(using random: inout SeededGenerator) -> Order {
        Order(
            id: OrderID(milliseconds: 1_768_030_217_789, partition: 0, random: &random), clientOrderId: nil, userId: nil,
            tokenIn: .sol,
            tokenOut: .usdc,
            amountIn: BaseUnits(1_500_000_000), slippageBps: 100, slippage: "0.01", deadline: 9_000_000_000_000, createdAt: 1_768_030_217_789,
            maxAttempts: 3, fingerprint: "f")
    }

    static func transaction(_ order: Order, attempt: Int) -> SignedTransaction {
        SignedTransaction(
            leg: 0, attempt: attempt, signature: "sig-\(order.id)-\(attempt)", bytes: "bytes", lastValidSlot: 1 << 40, quote: quote,
            minOut: BaseUnits(216_037_800))
    }
}
