import JSON
import Orders
import TestOrders

enum Samples {
    static let solMint = "So11111111111111111111111111111111111111112"
    static let usdcMint = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
    static let sol = Token.sol
    static let usdc = Token.usdc

    /// A mint for each number.
    static func mint(_ number: UInt8) -> String { Base58.encode([UInt8](repeating: 7, count: 31) + [number]) }

    static func tokens() throws -> TokenList { try TokenList(bytes: Array(JSONWriter.value([sol, usdc]).utf8)) }

    static let id = OrderID(parsing: "0198c1f2-0000-7000-8000-000000000000")!

    static let meteora = Quote(
        dex: "meteora", pool: "pool-m", amountIn: BaseUnits(1_500_000_000), amountOut: BaseUnits(218_220_000), minReceived: BaseUnits(216_037_800),
        feeBps: "20", priceImpactPct: "0.0012", inputDecimals: 9, outputDecimals: 6)

    static let raydium = Quote(
        dex: "raydium", pool: "pool-r", amountIn: BaseUnits(1_500_000_000), amountOut: BaseUnits(217_980_000), minReceived: BaseUnits(215_800_200),
        feeBps: "12.5", priceImpactPct: "0.0000", inputDecimals: 9, outputDecimals: 6)

    static let order = Order(
        id: id, clientOrderId: "key-1", userId: "harsh", tokenIn: sol, tokenOut: usdc, amountIn: BaseUnits(1_500_000_000), slippageBps: 100,
        slippage: "0.010", deadline: 1_768_030_300_000, createdAt: 1_768_030_217_789, traceparent: "00-1-2-01", maxAttempts: 3, fingerprint: "f|1")
}
