import Orders
import Testing

@testable import Markets

@Suite struct QuoteComparisonTests {
    private func quote(_ dex: String, pool: String = "p", _ amountOut: UInt64) -> Quote {
        Quote(
            dex: dex, pool: pool, amountIn: BaseUnits(1_500_000_000), amountOut: BaseUnits(amountOut), minReceived: BaseUnits(0), feeBps: "25",
            priceImpactPct: "0.0000", inputDecimals: 9, outputDecimals: 6)
    }

    @Test func `the largest output is best and the reason says by how much`() throws {
        let comparison = try #require(QuoteComparison([quote("raydium", 217_980_000), quote("meteora", 218_220_000)]))
        #expect(comparison.best.dex == "meteora")
        #expect(comparison.quotes.map(\.dex) == ["meteora", "raydium"])
        #expect(comparison.reason == "meteora: 218.22 against 217.98, +11 bps")
    }

    @Test func `equal outputs are ordered by venue and pool whatever the order they came in`() throws {
        let quotes = [quote("raydium", 5), quote("meteora", pool: "z", 5), quote("meteora", pool: "a", 5)]
        for permuted in [quotes, quotes.reversed(), [quotes[1], quotes[2], quotes[0]]] {
            let comparison = try #require(QuoteComparison(permuted))
            #expect(comparison.quotes.map { $0.dex + $0.pool } == ["meteoraa", "meteoraz", "raydiump"])
            #expect(comparison.reason == "meteora: 0.000005 against 0.000005, +0 bps")
        }
    }

    @Test func `the gain is never overstated`() throws {
        let comparison = try #require(QuoteComparison([quote("a", 10_000_000), quote("b", 10_009_999)]))
        #expect(comparison.reason == "b: 10.009999 against 10, +9 bps")
    }

    @Test func `a single quote is the best one, none is no comparison`() throws {
        #expect(try #require(QuoteComparison([quote("raydium", 1_000_000)])).reason == "raydium: 1, the only quote")
        #expect(QuoteComparison([]) == nil)
    }
}
