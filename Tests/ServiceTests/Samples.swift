import JSON
import Markets
import Orders
import TestOrders

/// Orders, quotes and events for tests.
enum Samples {
    static let sol = Token.sol
    static let usdc = Token.usdc

    static func tokens() throws -> TokenList { try TokenList(bytes: Array(JSONWriter.value([sol, usdc]).utf8)) }

    /// A new id of partition 0.
    static func id() -> OrderID {
        var random = SystemRandomNumberGenerator()
        return OrderID(milliseconds: 1_768_030_217_789, partition: 0, random: &random)
    }

    static func order(
        id: OrderID = Samples.id(), user: UserID? = nil, owner: Owner? = nil, maxAttempts: Int = 3, slippageBps: Int = 100
    ) -> Order {
        Order(
            id: id, userId: user, owner: owner, tokenIn: sol, tokenOut: usdc, amountIn: BaseUnits(1_500_000_000), slippageBps: slippageBps,
            slippage: "0.01",
            createdAt: 1_768_030_217_789, maxAttempts: maxAttempts, fingerprint: "f")
    }

    /// A pool of 70,000 SOL and 10,500,000 USDC.
    static func pool() throws -> Pool {
        let json =
            #"[{"dex":"raydium","kind":"cpmm","pool":"BFUsVbT37mEy4iN9W5scq9u2K3MNS2YHZmWJ3sy4cYeC","base":"SOL","quote":"USDC","#
            + #""baseReserve":"70000","quoteReserve":"10500000","feePpm":2500}]"#
        return try PoolList(bytes: Array(json.utf8), tokens: tokens()).pools[0]
    }

    static func quote(_ dex: String, amountIn: UInt64 = 1_500_000_000, amountOut: UInt64 = 218_220_000) -> Quote {
        Quote(
            dex: dex, pool: "pool-\(dex)", amountIn: BaseUnits(amountIn), amountOut: BaseUnits(amountOut),
            minReceived: BaseUnits(amountOut / 100 * 99), feeBps: "20", priceImpactPct: "0.0012", inputDecimals: 9, outputDecimals: 6)
    }
}
