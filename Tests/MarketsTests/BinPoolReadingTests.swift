import JSON
import Orders
import Testing

@testable import Markets

@Suite struct BinPoolReadingTests {
    private let address = "BFUsVbT37mEy4iN9W5scq9u2K3MNS2YHZmWJ3sy4cYeC"

    private func tokens() throws -> TokenList { try TokenList(json: JSONValue.parse(JSONWriter.value([Fixtures.sol, Fixtures.usdc]))) }

    private func entry(_ fields: String, bins: String) -> String {
        #"[{"dex":"meteora","kind":"dlmm","pool":"\#(address)","base":"SOL","quote":"USDC",\#(fields),"bins":\#(bins)}]"#
    }

    private func list(_ text: String) throws -> PoolList { try PoolList(bytes: Array(text.utf8), tokens: tokens()) }

    private func problems(_ fields: String = #""binStep":4,"activeBin":-5297,"baseFactor":10000"#, bins: String) -> [String] {
        do {
            _ = try list(entry(fields, bins: bins))
            return []
        } catch {
            return (error as? PoolListError)?.problems ?? ["\(error)"]
        }
    }

    @Test func `a pool of bins is read in any order of its bins, and quotes`() throws {
        let bins = #"[{"id":-5297,"base":"500","quote":"60000"},{"id":-5300,"base":"0","quote":"0.000001"},{"id":-5298,"base":"0","quote":"1200"}]"#
        let pool = try #require(try list(entry(#""binStep":4,"activeBin":-5297,"baseFactor":10000"#, bins: bins)).pools.first)
        let pricing = try #require(pool.pricing as? BinPool)
        #expect(pricing.bins.map(\.id) == [-5300, -5298, -5297])
        #expect(pricing.activeBin == -5297 && pricing.fees == BinFees(binStep: 4, baseFactor: 10_000))
        #expect(pool.reserves == PoolReserves(base: BaseUnits(500_000_000_000), quote: BaseUnits(61_200_000_001)))
        #expect(try pool.quote(BaseUnits(1_000_000_000), from: Fixtures.sol, slippageBps: 100).amountOut == BaseUnits(120_178_585))
    }

    @Test func `what is written is what is read, also after a swap, with and without a variable fee`() throws {
        let variable =
            #""binStep":4,"activeBin":-5297,"baseFactor":0,"baseFeePowerFactor":1,"variableFeeControl":40000,"filterPeriod":10,"decayPeriod":120,"#
            + #""reductionFactor":4000,"maxVolatilityAccumulator":300000,"volatilityAccumulator":5,"volatilityReference":7,"#
            + #""lastUpdateTimestamp":1700000000,"indexReference":-5290"#
        let bins = #"[{"id":-5298,"base":"0","quote":"1200.5"},{"id":-5297,"base":"1","quote":"60"}]"#
        for fields in [#""binStep":4,"activeBin":-5297,"baseFactor":10000"#, variable] {
            let pool = try #require(try list(entry(fields, bins: bins)).pools.first)
            let swapped = try pool.swap(BaseUnits(1_000_000_000), from: Fixtures.sol, slippageBps: 100, at: 1_700_000_500).pool
            for state in [pool, swapped] {
                let text = JSONWriter.value(state)
                #expect(try Pool(json: JSONValue.parse(text), place: "pool", tokens: tokens()) == state, "\(text)")
            }
            #expect(JSONWriter.value(pool).contains(#""quoteMint":"\#(Fixtures.usdc.mint)",\#(fields),"bins":\#(bins)"#))
        }
    }

    @Test func `every mistake in the bins is named with its place`() {
        let bins =
            #"[{"id":-5297,"base":"1","quote":"1e"},{"id":443637,"base":"0","quote":"1"},7,{"id":-5298,"base":"1"},"#
            + #"{"id":443636,"base":"1","quote":"0"},{"id":-5296,"base":"1","quote":"0"},{"id":-5296,"base":"1","quote":"0"}]"#
        #expect(
            problems(bins: bins) == [
                "pools[0].bins[0].quote: must be a number, or a text such as \"1.5\" or \"1e-7\" without plus sign, spaces and separators",
                "pools[0].bins[1].id: must be an integer from -443636 to 443636",
                "pools[0].bins[2]: must be an object",
                "pools[0].bins[3].quote: must be a decimal text such as \"70000\"",
                "pools[0].bins[4].id: the price of bin 443636 at a step of 4 is out of range",
                "pools[0].bins[6].id: bin -5296 is listed twice, first as bins[5]",
            ])
    }

    @Test(
        arguments: [
            ("\"binStep\":0,\"activeBin\":0,\"baseFactor\":0", "binStep"), ("\"activeBin\":0,\"baseFactor\":0", "binStep"),
            ("\"binStep\":1,\"activeBin\":443637,\"baseFactor\":0", "activeBin"), ("\"binStep\":1,\"activeBin\":0,\"baseFactor\":-1", "baseFactor"),
            ("\"binStep\":1,\"activeBin\":0,\"baseFactor\":65536", "baseFactor"),
            ("\"binStep\":1,\"activeBin\":0,\"baseFactor\":0,\"variableFeeControl\":1.5", "variableFeeControl"),
            ("\"binStep\":1,\"activeBin\":0,\"baseFactor\":0,\"filterPeriod\":601", "decayPeriod"),
            ("\"binStep\":1,\"activeBin\":0,\"baseFactor\":0,\"indexReference\":\"0\"", "indexReference"),
            ("\"binStep\":1,\"activeBin\":0,\"baseFactor\":0,\"reductionFactor\":10001", "reductionFactor"),
        ])
    func `a parameter that cannot be is named`(fields: String, name: String) {
        #expect(problems(fields, bins: #"[{"id":0,"base":"1","quote":"1"}]"#).map { $0.prefix(while: { $0 != ":" }) } == ["pools[0].\(name)"])
    }

    @Test func `bins that hold nothing, or more than fits, are refused`() {
        #expect(problems(bins: "[]") == ["pools[0].bins: must be a list with at least one entry"])
        #expect(problems(bins: #"[{"id":-5297,"base":"0","quote":"0"}]"#) == ["pools[0].bins: must hold something"])
        let half = #"{"id":-5297,"base":"18446744073","quote":"0"},{"id":-5296,"base":"18446744073","quote":"0"}"#
        #expect(problems(bins: "[\(half)]") == ["pools[0].bins: must not hold more than 2^64 - 1 base units of a token together"])
    }

    @Test func `any kind may be of any dex, free of fees, and in a list without SOL`() throws {
        let tokens = try TokenList(json: JSONValue.parse(JSONWriter.value([Fixtures.ray, Fixtures.usdc])))
        let text =
            #"[{"dex":"raydium","kind":"dlmm","pool":"\#(address)","base":"RAY","quote":"USDC","binStep":1,"activeBin":0,"baseFactor":0,"#
            + #""bins":[{"id":0,"base":"1000","quote":"1000"}]}]"#
        let list = try PoolList(bytes: Array(text.utf8), tokens: tokens)
        #expect(list.middles == [Fixtures.usdc])
        let quote = try list.pools[0].quote(BaseUnits(1_000_000), from: Fixtures.ray, slippageBps: 100)
        #expect(quote.dex == "raydium" && quote.amountOut == BaseUnits(1_000_000) && quote.feeBps == "0")
    }
}
