import Orders
import TestOrders

@testable import Pipeline

/// Orders, quotes and transactions for tests.
enum Samples {
    static let sol = Token.sol
    static let usdc = Token.usdc

    static let meteora = quote("meteora", out: 218_220_000)
    static let raydium = quote("raydium", out: 217_980_000)
    static let fill = Fill(
        executedPrice: "145.48", amountOut: BaseUnits(218_220_000), amountOutDecimal: "218.22", realisedSlippageBps: 0, networkFeeLamports: 5000)

    static func quote(_ dex: String, out: UInt64) -> Quote {
        Quote(
            dex: dex, pool: "pool", amountIn: BaseUnits(1_500_000_000), amountOut: BaseUnits(out), minReceived: BaseUnits(out - 2_000_000),
            feeBps: "20", priceImpactPct: "0.0012", inputDecimals: 9, outputDecimals: 6)
    }

    static func id(partition: UInt8 = 0) -> OrderID {
        var random = SystemRandomNumberGenerator()
        return OrderID(milliseconds: 1_768_030_217_789, partition: partition, random: &random)
    }

    static func order(
        _ id: OrderID = id(), key: String? = nil, user: UserID? = nil, deadline: UInt64? = nil, maxAttempts: Int = 3, fingerprint: String = "f"
    ) -> Order {
        Order(
            id: id, clientOrderId: key, userId: user, tokenIn: sol, tokenOut: usdc, amountIn: BaseUnits(1_500_000_000), slippageBps: 100,
            slippage: "0.01", deadline: deadline, createdAt: 1_768_030_217_789, maxAttempts: maxAttempts, fingerprint: fingerprint)
    }

    static func transaction(_ order: Order, attempt: Int = 1, lastValidSlot: UInt64 = 1 << 40) -> SignedTransaction {
        SignedTransaction(
            leg: 0, attempt: attempt, signature: "sig-\(order.id)-\(attempt)", bytes: "bytes", lastValidSlot: lastValidSlot, quote: meteora,
            minOut: BaseUnits(216_037_800))
    }

    static func submit(_ order: Order, attempt: Int = 1) -> StepRequest {
        .submit([transaction(order, attempt: attempt)], attempt: attempt, maxAttempts: order.maxAttempts)
    }

    /// The step that follows a failure. With `state` nil it may start from any of its states.
    static func failure(
        _ code: FailureCode, stage: Stage = .executor, in state: OrderState? = nil, attempt: Int = 1, delay: UInt64 = 0
    ) -> StepRequest {
        var request = StepRequest.after(
            OrderFailure(code), in: stage == .router ? .routing : .building, attempt: attempt, maxAttempts: 3, delay: delay)
        request.seen = state
        return request
    }
}

extension OrderRecord {
    /// One line for each event, in order of seq.
    var lines: [String] { text.split(separator: "\n").map(String.init) }
}
