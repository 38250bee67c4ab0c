import JSON
import Orders
import Testing

@testable import Markets

@Suite struct PoolListTests {
    private let address = "BFUsVbT37mEy4iN9W5scq9u2K3MNS2YHZmWJ3sy4cYeC"

    private func tokens() throws -> TokenList {
        let list = [Fixtures.sol, Fixtures.usdc, Fixtures.ray]
        return try TokenList(json: JSONValue.parse(JSONWriter.value(list)))
    }

    /// One entry, with members replaced; nil leaves one out.
    private func entry(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
        let members = [
            ("dex", "\"raydium\""), ("kind", "\"cpmm\""), ("pool", "\"\(address)\""), ("base", "\"SOL\""), ("quote", "\"USDC\""),
            ("baseReserve", "\"70000\""), ("quoteReserve", "\"10500000.000001\""), ("feePpm", "3000"),
        ]
        let changed = members.compactMap { name, text -> String? in
            guard let change = changes.first(where: { $0.key == name }) else { return "\"\(name)\":\(text)" }
            return change.value.map { "\"\(name)\":\($0)" }
        }
        return "{\(changed.joined(separator: ","))}"
    }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try PoolList(bytes: Array(text.utf8), tokens: tokens())
            return []
        } catch {
            return (error as? PoolListError)?.problems ?? ["\(error)"]
        }
    }

    @Test func `a pool is read exactly and found from both sides`() throws {
        let list = try PoolList(bytes: Array("[\(entry())]".utf8), tokens: tokens())
        let pool = try #require(list.pool(address: address))
        #expect(pool.reserves == PoolReserves(base: BaseUnits(70_000_000_000_000), quote: BaseUnits(10_500_000_000_001)))
        #expect((pool.pricing as? ConstantProductPool)?.feePpm == 3000)
        #expect(pool.kind == "cpmm")
        #expect(list.dexes == ["raydium"])
        #expect(list.pools(dex: "raydium", from: Fixtures.sol, to: Fixtures.usdc) == [pool])
        #expect(list.pools(dex: "raydium", from: Fixtures.usdc, to: Fixtures.sol) == [pool])
        #expect(list.pools(dex: "raydium", from: Fixtures.ray, to: Fixtures.sol).isEmpty)
        #expect(list.pools(dex: "meteora", from: Fixtures.sol, to: Fixtures.usdc).isEmpty)
    }

    @Test func `tokens may be named by mint and the pool is shown with both`() throws {
        let list = try PoolList(bytes: Array("[\(entry(["base": "\"\(Fixtures.sol.mint)\""]))]".utf8), tokens: tokens())
        #expect(
            JSONWriter.value(list.pools)
                == #"[{"dex":"raydium","kind":"cpmm","pool":"\#(address)","base":"SOL","baseMint":"\#(Fixtures.sol.mint)","quote":"USDC","#
                + #""quoteMint":"\#(Fixtures.usdc.mint)","baseReserve":"70000","quoteReserve":"10500000.000001","feePpm":3000}]"#)
    }

    @Test(arguments: [
        ("pool-1", true), ("A.b_9", true), (String(repeating: "x", count: 64), true), (String(repeating: "x", count: 65), false), ("", false),
        ("a,b", false), ("a b", false), ("pöl", false),
    ])
    func `a pool may have a name instead of an address`(name: String, isTaken: Bool) {
        #expect(problems("[\(entry(["pool": "\"\(name)\""]))]").isEmpty == isTaken)
    }

    @Test func `every mistake is named with its place, all at once`() {
        let second = entry(["dex": "\"Raydium\"", "pool": "\"a,b\"", "base": "\"XYZ\"", "feePpm": "100001"])
        let third = entry(["quote": "\"SOL\"", "baseReserve": "\"0\"", "quoteReserve": "10500000"])
        #expect(
            problems("[7,\(second),\(third),\(entry()),\(entry())]") == [
                "pools[0]: must be an object",
                "pools[1].dex: must be 1 to 32 lower-case letters or digits",
                "pools[1].pool: must be the pool's address, or a name of 1 to 64 letters, digits, ., _ or -",
                "pools[1].base: XYZ is not in the token list",
                "pools[1].feePpm: must be an integer from 0 to 100000",
                "pools[2].quote: must differ from base",
                "pools[2].baseReserve: must be greater than 0",
                "pools[2].quoteReserve: must be a decimal text such as \"70000\"",
                "pools[4].pool: \(address) is listed twice, first as pools[3]",
            ])
    }

    @Test func `a kind that is not known is named, with those that are`() {
        #expect(problems("[\(entry(["kind": "\"clmm\""]))]") == ["pools[0].kind: must be cpmm or dlmm"])
    }

    @Test(arguments: ["dex", "kind", "pool", "base", "quote", "baseReserve", "quoteReserve", "feePpm"])
    func `a missing member is named`(name: String) {
        #expect(problems("[\(entry([name: nil]))]").map { $0.prefix(while: { $0 != ":" }) } == ["pools[0].\(name)"])
    }

    @Test(arguments: [
        ("baseReserve", "\"1.0000000001\""), ("baseReserve", "\"18446744074\""), ("baseReserve", "\"-1\""), ("quoteReserve", "\"1e\""),
        ("feePpm", "\"3000\""), ("feePpm", "-1"), ("feePpm", "2.5"),
    ])
    func `an amount or fee in another form is refused`(name: String, text: String) {
        #expect(problems("[\(entry([name: text]))]").map { $0.prefix(while: { $0 != ":" }) } == ["pools[0].\(name)"])
    }

    @Test(arguments: ["", "[]", "{}", "null"])
    func `what is no list of pools is refused`(text: String) {
        #expect(problems(text).count == 1)
        #expect(problems(text).first?.hasPrefix("pools: ") == true)
    }
}
