import Glibc
import Orders
import Testing

@testable import Markets

/// Random swaps against `Tests/Oracles/markets.py`, which works them out with Python's unbounded integers.
///
/// `MARKET_CASES` sets how many (7,000), `MARKET_SEED` which ones (1).
@Suite struct OracleTests {
    @Test func `random swaps, prices and shares are those of unbounded integers, to the unit`() throws {
        let cases = setting("MARKET_CASES") ?? "7000"
        var counts: [Substring: Int] = [:]
        var wrong = 0
        for line in try expected(seed: setting("MARKET_SEED") ?? "1", cases: cases) {
            guard let bar = line.firstIndex(of: "|") else { continue }
            let inputs = line[..<bar].split(separator: " ")
            let kind = try #require(inputs.first)
            let results = try result(kind, Numbers(inputs.dropFirst()))
            let expected = line[bar...].dropFirst().split(separator: " ").map(String.init)
            counts[kind, default: 0] += 1
            if results != expected && wrong < 10 {
                wrong += 1
                Issue.record("\(line) but we have \(results)")
            }
        }
        #expect(counts.values.reduce(0, +) == Int(cases))
        #expect(Set(counts.keys) == ["c", "p", "d", "s"])
    }

    private func setting(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private func expected(seed: String, cases: String) throws -> [Substring] {
        let tests = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let oracle = try #require(popen("python3 '\(tests)/Oracles/markets.py' '\(seed)' '\(cases)'", "r"))
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = fread(&buffer, 1, buffer.count, oracle), count > 0 { bytes += buffer[..<count] }
        try #require(pclose(oracle) == 0, "the oracle did not end well")
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    private func result(_ kind: Substring, _ numbers: Numbers) throws -> [String] {
        var numbers = numbers
        switch kind {
        case "c": return constantProduct(&numbers)
        case "p":
            let step = numbers.int()
            return [text(BinPrice.price(ofBin: numbers.int(), step: step))]
        case "d": return try bins(&numbers)
        default: return share(&numbers)
        }
    }

    private func constantProduct(_ numbers: inout Numbers) -> [String] {
        let amountIn = numbers.units()
        let curve = numbers.curve()
        let amountOut = curve.output(for: amountIn)
        return [text(curve.fee(on: amountIn)), text(amountOut), text(curve.input(for: amountOut))]
    }

    private func share(_ numbers: inout Numbers) -> [String] {
        let total = numbers.next()
        let split = ConstantProductSplit(first: numbers.curve(), second: numbers.curve())
        return [text(split.share(of: total))]
    }

    private func bins(_ numbers: inout Numbers) throws -> [String] {
        let fees = BinFees(
            binStep: numbers.int(), baseFactor: numbers.int(), baseFeePowerFactor: numbers.int(), variableFeeControl: numbers.next(),
            filterPeriod: numbers.next(), decayPeriod: numbers.next(), reductionFactor: numbers.next(), maxVolatilityAccumulator: numbers.next())
        let volatility = BinVolatility(
            accumulator: numbers.next(), reference: numbers.next(), indexReference: numbers.int(), lastUpdate: numbers.next())
        let active = numbers.int()
        let time = numbers.next()
        let direction: SwapDirection = numbers.next() == 1 ? .baseIn : .quoteIn
        let amountIn = numbers.units()
        let held = try (0..<numbers.int()).map { _ in
            let id = numbers.int()
            let price = try #require(BinPrice.price(ofBin: id, step: fees.binStep))
            return BinPool.Bin(id: id, price: price, base: numbers.next(), quote: numbers.next())
        }
        let pool = BinPool(bins: held, activeBin: active, fees: fees, volatility: volatility)
        let result = pool.result(of: amountIn, direction, at: time)
        let after = pool.after(amountIn, direction, at: time)
        #expect((result == nil) == (after == nil))
        guard let result, let after else { return Array(repeating: "-", count: 9) }
        #expect(
            after.bins.reduce(0) { $0 + $1.base } == after.reserves.base.value && after.bins.reduce(0) { $0 + $1.quote } == after.reserves.quote.value
        )
        return [
            text(result.amountOut), text(result.fee), text(pool.input(for: result.amountOut, direction, at: time)), String(after.activeBin),
            String(after.volatility.accumulator), String(after.volatility.reference), String(after.volatility.indexReference),
            text(after.reserves.base), text(after.reserves.quote),
        ]
    }

    private func text(_ value: (some CustomStringConvertible)?) -> String { value.map(\.description) ?? "-" }
}

/// The numbers of a line, one after the other.
private struct Numbers {
    private var rest: ArraySlice<Substring>

    init(_ numbers: ArraySlice<Substring>) { rest = numbers }

    mutating func next() -> UInt64 { rest.popFirst().flatMap { UInt64($0) } ?? 0 }
    mutating func int() -> Int { rest.popFirst().flatMap { Int($0) } ?? 0 }
    mutating func units() -> BaseUnits { BaseUnits(next()) }
    mutating func curve() -> ConstantProduct { ConstantProduct(reserveIn: units(), reserveOut: units(), feePpm: int()) }
}
