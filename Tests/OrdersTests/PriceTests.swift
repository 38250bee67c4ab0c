import Orders
import TestSupport
import Testing

@Suite struct PriceTests {
    @Test(
        arguments: [
            (1_500_000_000, 218_220_000, 9, 6, "145.48"), (1_000_000_000, 149_622_867, 9, 6, "149.622867"), (1, 0, 9, 6, "0"), (0, 1, 9, 6, "0"),
            (3, 1, 0, 0, "0.333333333333"), (3, 2, 0, 0, "0.666666666667"), (1, .max, 18, 0, "18446744073700000000000000000000000000"),
            (.max, 1, 0, 18, "0.0000000000000000000000000000000000000542101086243"), (.max, .max, 18, 0, "1000000000000000000"),
            (.max, .max, 0, 18, "0.000000000000000001"), (1_000_000_000_000, 1_000_000_000_005, 0, 0, "1"),
            (1_000_000_000_000, 1_000_000_000_015, 0, 0, "1.00000000002"), (1, 1_234_567_890_125, 0, 0, "1234567890120"),
            (1, 1_234_567_890_135, 0, 0, "1234567890140"), (10, 12_345_678_901_251, 0, 0, "1234567890130"),
            (10, 9_999_999_999_999, 0, 0, "1000000000000"), (10_000_000_000_000, 9_999_999_999_999, 0, 0, "1"),
        ] as [(UInt64, UInt64, Int, Int, String)])
    func `A price has 12 significant digits, half to even`(amountIn: UInt64, amountOut: UInt64, inputDecimals: Int, outputDecimals: Int, text: String)
    {
        let price = Price.text(
            amountIn: BaseUnits(amountIn), amountOut: BaseUnits(amountOut), inputDecimals: inputDecimals, outputDecimals: outputDecimals)
        #expect(price == text)
    }

    @Test func `any price is the nearest of its precision`() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let amountIn = UInt64.random(in: 1 ... .max, using: &random) >> UInt64.random(in: 0..<63, using: &random) | 1
            let amountOut = UInt64.random(in: 1 ... .max, using: &random) >> UInt64.random(in: 0..<63, using: &random) | 1
            let inputDecimals = Int.random(in: 0...18, using: &random)
            let outputDecimals = Int.random(in: 0...18, using: &random)
            let text = Price.text(
                amountIn: BaseUnits(amountIn), amountOut: BaseUnits(amountOut), inputDecimals: inputDecimals, outputDecimals: outputDecimals)
            #expect(
                Self.isNearest(text, WideInteger(amountOut) * .power(inputDecimals), WideInteger(amountIn) * .power(outputDecimals)),
                "\(text) for \(amountOut)/\(amountIn), decimals \(inputDecimals), \(outputDecimals)")
        }
    }

    /// Whether `text` is within half a unit of its 12th digit of numerator / denominator, and even where exactly between two.
    private static func isNearest(_ text: String, _ numerator: WideInteger, _ denominator: WideInteger) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.count == 1 || parts[1].last != "0" else { return false }
        var fractionDigits = parts.count == 2 ? parts[1].utf8.count : 0
        var digits = String((parts.joined()).drop { $0 == "0" })
        while digits.utf8.count < 12 {
            digits += "0"
            fractionDigits += 1
        }
        while digits.utf8.count > 12 {
            guard digits.removeLast() == "0" else { return false }
            fractionDigits -= 1
        }
        let scaledNumerator = numerator * .power(max(0, fractionDigits))
        let scaledDenominator = denominator * .power(max(0, -fractionDigits))
        let mantissa = UInt64(digits)!
        let distance = WideInteger(2) * .distance(WideInteger(mantissa) * scaledDenominator, scaledNumerator)
        return distance < scaledDenominator || distance == scaledDenominator && mantissa % 2 == 0
    }

    @Test(
        arguments: [
            (0, 1, "0.0000"), (1, 8, "12.5000"), (1, 3, "33.3333"), (2, 3, "66.6667"), (1, 1, "100.0000"), (1, 80_000, "0.0012"),
            (3, 2_000_000, "0.0002"), (1, 2_000_000, "0.0000"), (997_500_000_000, 70_997_500_000_000, "1.4050"), (5, 2, "250.0000"),
        ] as [(UInt128, UInt128, String)])
    func `A proportion in per cent has 4 decimals`(part: UInt128, whole: UInt128, text: String) {
        #expect(Price.percentText(part, of: whole) == text)
    }

    @Test(
        arguments: [(2500, 1_000_000, "25"), (125, 100_000, "12.5"), (400_000, 1_000_000_000, "4"), (1, 1_000_000_000, "0.00001"), (0, 1, "0")]
            as [(UInt64, UInt64, String)])
    func `A fee in basis points is as short as it can be`(part: UInt64, whole: UInt64, text: String) {
        #expect(Price.bpsText(part, of: whole) == text)
    }

    @Test(
        arguments: [
            (10_000, 10_000, 0), (10_000, 9_900, 100), (10_000, 10_100, -100), (20_000, 19_999, 0), (20_000, 19_997, 2), (20_000, 20_003, -2),
            (3, 2, 3333), (3, 1, 6667), (1, 0, 10_000), (0, 5, 0), (.max, 0, 10_000), (.max, .max - 1, 0), (1, .max, Int.min),
        ] as [(UInt64, UInt64, Int)])
    func `Realised slippage is positive where less was received, half to even`(quoted: UInt64, got: UInt64, bps: Int) {
        #expect(Price.realisedSlippageBps(quoted: BaseUnits(quoted), got: BaseUnits(got)) == bps)
    }
}
