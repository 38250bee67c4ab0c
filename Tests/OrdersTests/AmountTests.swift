import Orders
import TestSupport
import Testing

@Suite struct AmountTests {
    @Test(
        arguments: [
            ("1", 9, 1_000_000_000), ("1.5", 9, 1_500_000_000), ("0.000000001", 9, 1), ("007.5", 1, 75), ("12.50", 2, 1250), ("5", 0, 5),
            ("18446744073.709551615", 9, .max), ("18.446744073709551615", 18, .max), ("18446744073709551615", 0, .max),
            ("1.0", 0, 1), ("1.50000000000", 9, 1_500_000_000), ("1e-7", 9, 100), ("1e3", 0, 1000), ("1.5E+1", 1, 150),
            ("0." + String(repeating: "0", count: 9000) + "1e9001", 0, 1), ("1." + String(repeating: "0", count: 9000), 0, 1),
        ] as [(String, Int, UInt64)])
    func `Decimal text is read exactly`(text: String, decimals: Int, value: UInt64) throws {
        #expect(try BaseUnits(decimal: text, decimals: decimals).value == value)
        #expect(try BaseUnits(number: text, decimals: decimals).value == value)
    }

    @Test(
        arguments: [
            ("", 9, AmountError.malformed), (" 1", 9, .malformed), ("1 ", 9, .malformed), ("+1", 9, .malformed), ("1e", 9, .malformed),
            ("1e+", 9, .malformed), ("1e3.0", 9, .malformed), ("1e-10", 9, .tooPrecise(maxDigits: 9)), ("Infinity", 9, .malformed),
            ("0.30000000000000004", 9, .tooPrecise(maxDigits: 9)),
            (".5", 9, .malformed), ("5.", 9, .malformed), ("1.2.3", 9, .malformed), ("1,5", 9, .malformed), ("0x10", 9, .malformed),
            ("-", 9, .malformed), ("١", 9, .malformed), ("NaN", 9, .malformed), ("1_000", 9, .malformed), ("0", 9, .zero), ("0.000", 9, .zero),
            ("-1", 9, .negative), ("-0.5", 9, .negative), ("1.0000000001", 9, .tooPrecise(maxDigits: 9)),
            ("1.5", 0, .tooPrecise(maxDigits: 0)), ("18446744073.709551616", 9, .tooLarge), ("18446744073709551616", 0, .tooLarge),
            ("99999999999999999999999999999999999999999999", 9, .tooLarge),
        ])
    func `What is no amount is refused with its reason`(text: String, decimals: Int, reason: AmountError) {
        #expect(throws: reason) { try BaseUnits(decimal: text, decimals: decimals) }
    }

    @Test(
        arguments: [
            ("1e0", 9, 1_000_000_000), ("1.5E+1", 9, 15_000_000_000), ("1500e-3", 9, 1_500_000_000), ("1e-9", 9, 1), ("1.50e-8", 9, 15),
            ("1.5e-8", 9, 15), ("18446744073709551615e-9", 9, .max), ("0.000000018446744073709551615e9", 18, .max), ("1e-10", 9, nil),
            ("1e11", 9, nil), ("1e400", 9, nil), ("1e-400", 9, nil), ("1e99999999999999999999", 9, nil), ("0e5", 9, nil), ("1e", 9, nil),
        ] as [(String, Int, UInt64?)])
    func `A JSON number may have an exponent`(text: String, decimals: Int, value: UInt64?) {
        #expect((try? BaseUnits(number: text, decimals: decimals))?.value == value)
    }

    @Test(
        arguments: [
            // 0.1 + 0.2, 1.1 + 2.2, 0.7 + 0.1, 4.35 * 100, 0.1 * 3 and the like.
            ("0.30000000000000004", 9, 300_000_000), ("3.3000000000000003", 9, 3_300_000_000), ("0.7999999999999999", 9, 800_000_000),
            ("434.99999999999994", 2, 43_500), ("0.29999999999999998", 1, 3), ("1.0000000000000002", 0, 1), ("0.9999999999999999", 0, 1),
            ("9.999999999999999e-10", 9, 1), ("1.0000000000000002e-9", 9, 1), ("1234567.8900000001", 2, 123_456_789),
            // Exactly 1 part in 10^15 is too far, a bit less is not.
            ("1.000000000000001", 0, 1), ("1.0000000000000010000000001", 0, nil), ("1.0000000000000009999999999", 0, 1),
            ("0.999999999999999", 0, nil), ("0.9999999999999991", 0, 1), ("0.30000000000001", 9, nil), ("1.0000000001", 9, nil),
            // The noise is judged against the number, not against a unit.
            ("18446744073709551615.4", 0, .max), ("18446744073709551615.6", 0, nil), ("18446744073709.0001", 0, 18_446_744_073_709),
            ("0.0000000005", 9, nil), ("0.4e-400", 9, nil), ("1e-1000000000", 9, nil), ("-0.30000000000000004", 9, nil),
        ] as [(String, Int, UInt64?)])
    func `What floating point makes of an amount is the amount, and nothing further away is`(text: String, decimals: Int, value: UInt64?) {
        #expect((try? BaseUnits(number: text, decimals: decimals))?.value == value)
    }

    @Test func `every double of an amount is taken for that amount`() throws {
        var random = SeededGenerator(seed: 21)
        for _ in 0..<5000 {
            // 15 digits are what a Double surely holds.
            let units = UInt64.random(in: 1...999_999_999_999_999, using: &random) >> UInt64.random(in: 0..<40, using: &random) | 1
            let decimals = Int.random(in: 0...18, using: &random)
            let exact = BaseUnits(units).decimalText(decimals: decimals)
            let double = try #require(Double(exact))
            for noisy in [double, double.nextUp, double.nextDown] {
                #expect(try BaseUnits(number: "\(noisy)", decimals: decimals).value == units, "\(noisy) of \(exact)")
            }
        }
    }

    @Test func `no number ends the process`() {
        let extremes = [
            "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e308", "1e-308", "1e9223372036854775807",
            "1e-9223372036854775808", "0e9999999999", "-0", "0.0", String(repeating: "9", count: 16_000),
            "0." + String(repeating: "0", count: 16_000) + "1",
            "1e" + String(repeating: "9", count: 9000), String(repeating: "1", count: 8000) + "e-7999", "9." + String(repeating: "9", count: 9000),
        ]
        for text in extremes {
            for decimals in 0...18 {
                _ = try? BaseUnits(decimal: text, decimals: decimals)
                _ = try? BaseUnits(number: text, decimals: decimals)
            }
        }
        #expect(throws: AmountError.tooLarge) { try BaseUnits(number: "1e9223372036854775807", decimals: 0) }
        #expect(throws: AmountError.tooPrecise(maxDigits: 0)) { try BaseUnits(number: "1e-9223372036854775808", decimals: 0) }
    }

    @Test(
        arguments: [
            (25_000_000, 6, "25"), (25_500_000, 6, "25.5"), (1, 9, "0.000000001"), (0, 9, "0"), (100, 0, "100"), (10, 1, "1"),
            (UInt64.max, 18, "18.446744073709551615"), (UInt64.max, 0, "18446744073709551615"), (1, 18, "0.000000000000000001"),
        ])
    func `Decimal text is the shortest exact form`(value: UInt64, decimals: Int, text: String) {
        #expect(BaseUnits(value).decimalText(decimals: decimals) == text)
    }

    @Test func `any amount survives the way through text`() throws {
        var random = SeededGenerator(seed: 6)
        for _ in 0..<2000 {
            let units = BaseUnits(UInt64.random(in: 1 ... .max, using: &random) >> UInt64.random(in: 0..<63, using: &random) | 1)
            let decimals = Int.random(in: 0...18, using: &random)
            #expect(try BaseUnits(decimal: units.decimalText(decimals: decimals), decimals: decimals) == units)
            #expect(BaseUnits(units: units.description) == units)
        }
        for text in ["", "-1", "+1", "1.0", "18446744073709551616"] { #expect(BaseUnits(units: text) == nil) }
    }
}
