import Glibc
import Orders
import Testing

@testable import Markets

/// The files in `config/`, as the services read them.
@Suite struct ConfigFilesTests {
    private func contents(_ name: String) throws -> [UInt8] {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = try #require(fopen("/\(folder)/config/\(name)", "r"), "config/\(name) cannot be opened")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }

    /// Base units of quote for 2^64 of base.
    private func price(of pool: Pool) throws -> UInt128 {
        if let bins = pool.pricing as? BinPool { return try #require(BinPrice.price(ofBin: bins.activeBin, step: bins.fees.binStep)) }
        return (UInt128(pool.reserves.quote.value) << 64) / UInt128(pool.reserves.base.value)
    }

    private func lists() throws -> (tokens: TokenList, pools: PoolList) {
        let tokens = try TokenList(bytes: contents("tokens.json"))
        return (tokens, try PoolList(bytes: contents("pools.json"), tokens: tokens))
    }

    @Test func `the tokens that the documents name are there`() throws {
        let tokens = try lists().tokens
        #expect(tokens.tokens.count >= 12)
        for (symbol, decimals) in [("SOL", 9), ("USDC", 6), ("USDT", 6), ("RAY", 6), ("JUP", 6), ("BONK", 5)] {
            #expect(tokens.lookup(symbol)?.decimals == decimals)
        }
    }

    @Test func `meteora's pools are made of bins, raydium's are constant products`() throws {
        for pool in try lists().pools.pools { #expect(pool.kind == (pool.dex == "meteora" ? "dlmm" : "cpmm")) }
    }

    @Test func `every token that has pools can be swapped for SOL and USDC and back, on both venues`() throws {
        let pools = try lists().pools
        let traded = Set(pools.pools.flatMap { [$0.base, $0.quote] })
        for from in traded {
            for to in traded where to != from && (pools.middles.contains(to) || pools.middles.contains(from)) {
                for dex in pools.dexes {
                    #expect(throws: Never.self, "\(from.symbol) to \(to.symbol) on \(dex)") {
                        try PoolQuoter.bestQuote(
                            amountIn: BaseUnits(decimal: "1", decimals: from.decimals), pools: pools.pools(dex: dex), middles: pools.middles,
                            from: from, to: to, slippageBps: 100)
                    }
                }
            }
        }
    }

    @Test func `every pair is traded on both venues`() throws {
        let pools = try lists().pools
        #expect(pools.dexes == ["meteora", "raydium"])
        for pool in pools.pools {
            for dex in pools.dexes {
                #expect(!pools.pools(dex: dex, from: pool.base, to: pool.quote).isEmpty, "\(pool.base.symbol)/\(pool.quote.symbol) on \(dex)")
            }
        }
    }

    @Test func `both venues win: small orders on one, large ones on the other`() throws {
        let (tokens, pools) = try lists()
        let sol = try #require(tokens.lookup("SOL"))
        let usdc = try #require(tokens.lookup("USDC"))
        func best(_ amount: String, _ from: Token, _ to: Token) throws -> String {
            let amountIn = try BaseUnits(decimal: amount, decimals: from.decimals)
            let quotes = try pools.dexes.map { dex in
                try PoolQuoter.bestQuote(
                    amountIn: amountIn, pools: pools.pools(dex: dex), middles: pools.middles, from: from, to: to, slippageBps: 100)
            }
            return try #require(QuoteComparison(quotes)).best.dex
        }
        #expect(try best("1.5", sol, usdc) == "meteora")
        #expect(try best("100", sol, usdc) == "raydium")
        #expect(try best("150", usdc, sol) == "meteora")
        #expect(try best("15000", usdc, sol) == "raydium")
    }

    @Test func `venues agree on every price within half a per cent`() throws {
        let pools = try lists().pools
        for pool in pools.pools {
            for other in pools.pools where other.trades(from: pool.base, to: pool.quote) {
                let (left, right) = (try price(of: pool), try price(of: other))
                #expect(max(left, right) - min(left, right) <= left / 200, "\(pool.base.symbol)/\(pool.quote.symbol)")
            }
        }
    }
}
