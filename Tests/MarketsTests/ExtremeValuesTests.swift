import JSON
import Markets
import Orders
import Testing

@testable import PaperMarket

/// The largest and smallest numbers that files, orders and Redis can hold: whatever comes of them, it comes as a value.
@Suite struct ExtremeValuesTests {
    private static let whole = Token(symbol: "WHOLE", name: "No fraction", mint: "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R", decimals: 0)
    private static let fine = Token(symbol: "FINE", name: "Many digits", mint: Fixtures.usdc.mint, decimals: 18)
    private static let amounts: [UInt64] = [1, 2, 1_000_000_007, 1 << 32, 1 << 63, .max - 1, .max]

    private static func tokens() throws -> TokenList { try TokenList(json: JSONValue.parse(JSONWriter.value([whole, fine]))) }

    /// Pools of both kinds, as extreme as a file can have them.
    private static func pools() throws -> [Pool] {
        let (least, most) = (["1", "0.000000000000000001"], ["18446744073709551615", "18.446744073709551615"])
        var entries: [String] = []
        for base in [least[0], most[0]] {
            for quote in [least[1], most[1]] {
                for fee in [0, 100_000] { entries.append(#""kind":"cpmm","baseReserve":"\#(base)","quoteReserve":"\#(quote)","feePpm":\#(fee)"#) }
                for (id, step) in [(-443_636, 1), (443_636, 1), (-4436, 100), (4436, 100), (60, 10_000), (-60, 10_000), (0, 1)] {
                    let bins = #"[{"id":\#(id),"base":"\#(base)","quote":"\#(quote)"},{"id":\#(id > 0 ? id - 1 : id + 1),"base":"0","quote":"0"}]"#
                    entries.append(
                        #""kind":"dlmm","binStep":\#(step),"activeBin":\#(-id),"baseFactor":65535,"baseFeePowerFactor":9,"#
                            + #""variableFeeControl":4294967295,"volatilityAccumulator":4294967295,"#
                            + #""volatilityReference":4294967295,"lastUpdateTimestamp":9223372036854775807,"#
                            + #""bins":\#(bins)"#)
                }
            }
        }
        let tokens = try tokens()
        return try entries.enumerated().map { index, fields in
            let json = try JSONValue.parse(#"{"dex":"raydium","pool":"p\#(index)","base":"WHOLE","quote":"FINE",\#(fields)}"#)
            return try Pool(json: json, place: "pool", tokens: tokens)
        }
    }

    @Test func `a quote, a swap and its reverse of any amount on any pool end`() throws {
        for pool in try Self.pools() {
            for (from, to) in [(Self.whole, Self.fine), (Self.fine, Self.whole)] {
                for amount in Self.amounts {
                    for time in [0, 1, UInt64.max] {
                        if let swap = try? pool.swap(BaseUnits(amount), from: from, slippageBps: 10_000, at: time) {
                            let back = try? swap.pool.swap(swap.quote.amountOut, from: to, slippageBps: 0, at: time)
                            #expect((back?.quote.amountOut.value ?? 0) <= amount)
                        }
                        if let input = pool.input(for: BaseUnits(amount), from: from, at: time) {
                            #expect(try pool.quote(input, from: from, slippageBps: 1, at: time).amountOut.value >= amount)
                        }
                    }
                }
            }
        }
    }

    @Test func `a market that is moved as far as Redis can say still quotes or refuses`() throws {
        let market = LivingMarket(walk: PriceWalk(seed: .max, volatilityBps: 9_999), halfLife: .max)
        for pool in try Self.pools() {
            for base in [Int64.min, -1, 0, 1, .max] {
                for time in [0, UInt64.max] {
                    let moved = market.pool(pool, after: PoolFlow(base: base, time: time), at: .max - 1)
                    for from in [Self.whole, Self.fine] {
                        if let quote = try? moved.quote(BaseUnits(.max), from: from, slippageBps: 5000) {
                            #expect(market.amountOut(of: quote, at: .max).value > 0)
                        }
                    }
                }
            }
        }
    }

    @Test func `pools of any size are divided over or not`() throws {
        let pools = try Self.pools()
        for from in [Self.whole, Self.fine] {
            let to = from == Self.whole ? Self.fine : Self.whole
            for amount in Self.amounts {
                for (first, second) in zip(pools, pools.dropFirst(5)) {
                    let plan = SplitPlan(BaseUnits(amount), pools: [first, second], from: from, to: to, slippageBps: 100)
                    if let plan { #expect(plan.legs.reduce(UInt128(0)) { $0 + UInt128($1.amountIn.value) } == UInt128(amount)) }
                }
            }
        }
    }

    @Test(arguments: [
        "-1", "0", "18446744073709551616", "9223372036854775808", "-9223372036854775809", "1e400", "1e-400", "0.5", "\"18446744073709551616\"",
        "\"-1\"",
        "\"1e30\"", "null", "[]", "\"\"",
    ])
    func `whatever a number of a pool list is, it is taken or named with its place`(_ value: String) throws {
        let constant = ["baseReserve": "\"1\"", "quoteReserve": "\"1\"", "feePpm": "1", "kind": "\"cpmm\""]
        let bins = [
            "binStep": "1", "activeBin": "0", "baseFactor": "1", "baseFeePowerFactor": "1", "variableFeeControl": "1", "filterPeriod": "1",
            "decayPeriod": "1", "reductionFactor": "1", "maxVolatilityAccumulator": "1", "volatilityAccumulator": "1", "volatilityReference": "1",
            "indexReference": "1", "lastUpdateTimestamp": "1", "kind": "\"dlmm\"", "bins": #"[{"id":0,"base":"1","quote":"1"}]"#,
        ]
        for fields in [constant, bins] {
            for name in fields.keys where name != "kind" && name != "bins" {
                var fields = fields
                fields[name] = value
                try expectTakenOrNamed(fields, name)
            }
        }
        for name in ["id", "base", "quote"] {
            var bin = ["id": "0", "base": "\"1\"", "quote": "\"1\""]
            bin[name] = value
            var fields = bins
            fields["bins"] = "[{" + bin.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}]"
            try expectTakenOrNamed(fields, name)
        }
    }

    private func expectTakenOrNamed(_ fields: [String: String], _ name: String) throws {
        let members = fields.map { "\"\($0)\":\($1)" }.joined(separator: ",")
        let json = try JSONValue.parse(#"{"dex":"raydium","pool":"p","base":"WHOLE","quote":"FINE",\#(members)}"#)
        let tokens = try Self.tokens()
        do throws(PoolListError) {
            let pool = try Pool(json: json, place: "pool", tokens: tokens)
            _ = try? pool.quote(BaseUnits(.max), from: Self.whole, slippageBps: 100, at: .max)
        } catch {
            #expect(error.problems.contains { $0.contains(".\(name):") || $0.contains("bins") || $0.contains("Period") }, "\(name): \(error)")
        }
    }
}
