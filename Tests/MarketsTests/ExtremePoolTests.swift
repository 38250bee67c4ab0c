import JSON
import Orders
import Testing

@testable import Markets
@testable import PaperMarket

/// Whatever number stands in a file of pools or in what swaps have put into one, it is refused, or every swap over it has an answer.
struct ExtremePoolTests {
    private static let numbers = [
        "-9223372036854775808", "-443636", "-1", "0", "1", "10000", "65535", "999999", "4294967295", "9007199254740992", "9223372036854775807",
        "18446744073709551615", "18446744073709551616", "1e400", "0.000000001", "18446744073.709551615", "18446744073709.551615",
        String(repeating: "9", count: 10_000),
    ]
    private static let amounts: [UInt64] = [1, 1_000_000_000, 1 << 53, UInt64(Int64.max), .max]
    private static let flows: [Int64] = [.min, -1 << 53, -1, 0, 1, 1 << 53, .max]
    private static let times: [UInt64] = [0, 1, 1_768_030_217_789, UInt64(Int64.max), .max]

    private static let constant: [(String, String)] = [
        ("baseReserve", #""70000""#), ("quoteReserve", #""10500000""#), ("feePpm", "3000"),
    ]
    private static let bins: [(String, String)] = [
        ("binStep", "10"), ("activeBin", "-1898"), ("baseFactor", "20000"), ("baseFeePowerFactor", "0"), ("variableFeeControl", "40000"),
        ("filterPeriod", "30"), ("decayPeriod", "600"), ("reductionFactor", "5000"), ("maxVolatilityAccumulator", "350000"),
        ("volatilityAccumulator", "10000"), ("volatilityReference", "1"), ("lastUpdateTimestamp", "1768030217"), ("indexReference", "-1898"),
    ]

    private func pools(_ kind: String, _ members: [(String, String)], _ bins: String = "") throws -> [Pool] {
        let tokens = try TokenList(json: JSONValue.parse(JSONWriter.value([Fixtures.sol, Fixtures.usdc])))
        let text =
            #"[{"dex":"d","kind":"\#(kind)","pool":"p","base":"SOL","quote":"USDC","#
            + members.map { #""\#($0.0)":\#($0.1)"# }.joined(separator: ",") + bins + "}]"
        do {
            return try PoolList(bytes: Array(text.utf8), tokens: tokens).pools
        } catch {
            #expect("\(error)".utf8.count < 20_000)
            return []
        }
    }

    /// Swaps every amount both ways, at every time, after every flow.
    private func trade(_ pool: Pool) {
        let market = LivingMarket(walk: PriceWalk(seed: .max, volatilityBps: 5000), halfLife: 1)
        for time in Self.times {
            for flow in Self.flows {
                let moved = market.pool(pool, after: PoolFlow(base: flow, time: Self.times[2]), at: time)
                for amount in Self.amounts {
                    for token in [Fixtures.sol, Fixtures.usdc] {
                        let quote = try? moved.quote(BaseUnits(amount), from: token, slippageBps: 100, at: time)
                        if let quote { #expect(market.amountOut(of: quote, at: time) <= BaseUnits(.max)) }
                        _ = moved.input(for: BaseUnits(amount), from: token, at: time)
                    }
                }
            }
        }
    }

    @Test func `a pool of constant product with any number is refused or swaps`() throws {
        var read = 0
        for (name, usual) in Self.constant {
            for number in Self.numbers {
                let text = usual.hasPrefix("\"") ? "\"\(number)\"" : number
                for pool in try pools("cpmm", Self.constant.map { $0.0 == name ? (name, text) : $0 }) {
                    read += 1
                    trade(pool)
                }
            }
        }
        #expect(read > 3)
    }

    @Test func `a pool of bins with any number is refused or swaps`() throws {
        var read = 0
        let usual = [("-1899", "0", "1798"), ("-1898", "6", "900.1"), ("-1897", "12", "0")]
        func list(_ bins: [(String, String, String)]) -> String {
            ",\"bins\":[" + bins.map { #"{"id":\#($0.0),"base":"\#($0.1)","quote":"\#($0.2)"}"# }.joined(separator: ",") + "]"
        }
        for number in Self.numbers {
            for (name, _) in Self.bins {
                for pool in try pools("dlmm", Self.bins.map { $0.0 == name ? (name, number) : $0 }, list(usual)) {
                    read += 1
                    trade(pool)
                }
            }
            for bins in [[(number, "6", "1")], [("-1898", number, "1")], [("-1898", "1", number)]] {
                for pool in try pools("dlmm", Self.bins, list(bins + [usual[0]])) { trade(pool) }
            }
        }
        #expect(read > 10)
    }
}
