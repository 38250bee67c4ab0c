import Glibc
import TestSupport
import Testing

@testable import Orders

/// Random prices, keys and floors against `Tests/Oracles/prices.py`, which works them out with Python's unbounded integers.
@Suite struct PriceOracleTests {
    private struct Case {
        let priced: PricedToken
        let decimals: (Int, Int)
        let amounts: (BaseUnits, BaseUnits)
        let price: UInt128?
        let limit: UInt128
        let least: UInt64?
        let isReached: Bool?

        init(_ line: Substring) throws {
            let words = line.split(separator: " ")
            try #require(words.count == 9)
            func number<T: FixedWidthInteger>(_ index: Int) throws -> T { try #require(T(words[index])) }
            priced = words[0] == "1" ? .tokenIn : .tokenOut
            decimals = (try number(1), try number(2))
            amounts = (BaseUnits(try number(3)), BaseUnits(try number(4)))
            price = UInt128(words[5])
            limit = try number(6)
            least = UInt64(words[7])
            isReached = words[8] == "-" ? nil : words[8] == "1"
        }
    }

    private static func cases(_ count: Int) throws -> [Case] {
        let seed = UInt64.random(in: .min ... .max)
        print("prices: seed \(seed)")
        let oracle = try #require(popen("python3 '\(packageRoot)/Tests/Oracles/prices.py' '\(seed)' '\(count)'", "r"))
        defer { pclose(oracle) }
        var text = ""
        var buffer = [CChar](repeating: 0, count: 1024)
        while let line = fgets(&buffer, Int32(buffer.count), oracle) { text += String(cString: line) }
        return try text.split(separator: "\n").map { try Case($0) }
    }

    @Test func `prices, floors and triggers are exact`() throws {
        let cases = try Self.cases(4000)
        #expect(cases.count == 4000)
        for one in cases {
            let price = PriceLevel(
                amountIn: one.amounts.0, amountOut: one.amounts.1, inputDecimals: one.decimals.0, outputDecimals: one.decimals.1, of: one.priced)
            #expect(price?.units == one.price)
            let limit = try #require(PriceLevel(units: one.limit))
            let floor = PriceFloor(limit, priced: one.priced, inputDecimals: one.decimals.0, outputDecimals: one.decimals.1)
            #expect(floor.leastOut(for: one.amounts.0)?.value == one.least)
            if let price, let isReached = one.isReached {
                #expect(Trigger(one.priced == .tokenIn ? .above : .below, limit).isReached(by: price) == isReached)
            }
        }
    }

    @Test func `keys compare as the prices do, from either side, and can be read back`() throws {
        let levels = try Self.cases(500).compactMap { PriceLevel(units: $0.limit) }
        for (one, other) in zip(levels, levels.dropFirst()) {
            #expect((one.key < other.key) == (one < other) && (one.descendingKey < other.descendingKey) == (one > other))
            #expect(one.key.utf8.count == PriceLevel.keyLength && one.descendingKey.utf8.count == PriceLevel.keyLength)
            #expect(PriceLevel(key: one.key, isDescending: false) == one && PriceLevel(key: one.descendingKey, isDescending: true) == one)
            #expect(try PriceLevel(decimal: one.text) == one)
        }
    }
}
