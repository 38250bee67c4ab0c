import Orders
import Testing

@Suite struct AmountTests {
    @Test(
        "Decimal text is read exactly",
        arguments: [
            ("1", 9, 1_000_000_000), ("1.5", 9, 1_500_000_000), ("0.000000001", 9, 1), ("007.5", 1, 75), ("12.50", 2, 1250), ("5", 0, 5),
            ("18446744073.709551615", 9, .max), ("18.446744073709551615", 18, .max), ("18446744073709551615", 0, .max),
        ] as [(String, Int, UInt64)])
    func decimals(text: String, decimals: Int, value: UInt64) throws {
        #expect(try BaseUnits(decimal: text, decimals: decimals).value == value)
        #expect(try BaseUnits(number: text, decimals: decimals).value == value)
    }

    @Test(
        "What is no amount is refused with its reason",
        arguments: [
            ("", 9, AmountError.malformed), (" 1", 9, .malformed), ("1 ", 9, .malformed), ("+1", 9, .malformed), ("1e3", 9, .malformed),
            (".5", 9, .malformed), ("5.", 9, .malformed), ("1.2.3", 9, .malformed), ("1,5", 9, .malformed), ("0x10", 9, .malformed),
            ("-", 9, .malformed), ("١", 9, .malformed), ("NaN", 9, .malformed), ("1_000", 9, .malformed), ("0", 9, .zero), ("0.000", 9, .zero),
            ("-1", 9, .negative), ("-0.5", 9, .negative), ("1.0000000001", 9, .tooPrecise(maximumDigits: 9)),
            ("1.0", 0, .tooPrecise(maximumDigits: 0)), ("18446744073.709551616", 9, .tooLarge), ("18446744073709551616", 0, .tooLarge),
            ("99999999999999999999999999999999999999999999", 9, .tooLarge),
        ])
    func refuses(text: String, decimals: Int, reason: AmountError) {
        #expect(throws: reason) { try BaseUnits(decimal: text, decimals: decimals) }
    }

    @Test(
        "A JSON number may have an exponent",
        arguments: [
            ("1e0", 9, 1_000_000_000), ("1.5E+1", 9, 15_000_000_000), ("1500e-3", 9, 1_500_000_000), ("1e-9", 9, 1), ("1.50e-8", 9, nil),
            ("1.5e-8", 9, 15), ("18446744073709551615e-9", 9, .max), ("0.000000018446744073709551615e9", 18, .max), ("1e-10", 9, nil),
            ("1e11", 9, nil), ("1e400", 9, nil), ("1e-400", 9, nil), ("1e99999999999999999999", 9, nil), ("0e5", 9, nil), ("1e", 9, nil),
        ] as [(String, Int, UInt64?)])
    func exponents(text: String, decimals: Int, value: UInt64?) {
        #expect((try? BaseUnits(number: text, decimals: decimals))?.value == value)
    }

    @Test(
        "Decimal text is the shortest exact form",
        arguments: [
            (25_000_000, 6, "25"), (25_500_000, 6, "25.5"), (1, 9, "0.000000001"), (0, 9, "0"), (100, 0, "100"), (10, 1, "1"),
            (UInt64.max, 18, "18.446744073709551615"), (UInt64.max, 0, "18446744073709551615"), (1, 18, "0.000000000000000001"),
        ])
    func texts(value: UInt64, decimals: Int, text: String) {
        #expect(BaseUnits(value).decimalText(decimals: decimals) == text)
    }

    @Test func anyAmountSurvivesTheWayThroughText() throws {
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
