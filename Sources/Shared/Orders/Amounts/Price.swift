/// Computes prices and proportions as text and integers, without floating point.
public enum Price {
    /// Output per input in whole tokens: 12 significant digits, half to even, no exponent, no trailing zeros.
    ///
    /// - Parameters:
    ///   - inputDecimals: fraction digits of the input token, 0 to 18.
    ///   - outputDecimals: fraction digits of the output token, 0 to 18.
    /// - Returns: `0` if either amount is 0.
    public static func text(amountIn: BaseUnits, amountOut: BaseUnits, inputDecimals: Int, outputDecimals: Int) -> String {
        guard amountIn.value > 0 else { return "0" }
        let shift = inputDecimals - outputDecimals
        let numerator = UInt128(amountOut.value) * Ratio.power(max(0, shift))
        let denominator = UInt128(amountIn.value) * Ratio.power(max(0, -shift))
        return Ratio(numerator, over: denominator).text(significantDigits: 12)
    }

    /// A proportion in per cent with exactly 4 decimals, half to even: 1 of 8 is `12.5000`.
    ///
    /// - Parameter whole: above 0 and at most 10^37; the part at most 10^32.
    public static func percentText(_ part: UInt128, of whole: UInt128) -> String {
        let scaled = Ratio(part, over: whole).rounded(digits: 6)
        let fraction = String(scaled % 10_000)
        return "\(scaled / 10_000)." + String(repeating: "0", count: 4 - fraction.utf8.count) + fraction
    }

    /// A proportion in basis points as decimal text in the shortest form, half to even at 5 decimals: 2,500 of 1,000,000 is `25`.
    public static func bpsText(_ part: UInt64, of whole: UInt64) -> String {
        DecimalText.shortest(Ratio(UInt128(part), over: UInt128(whole)).rounded(digits: 9), decimals: 5)
    }

    /// How much less was received than quoted, in basis points of the quoted amount, half to even; negative if more was received.
    ///
    /// 0 if nothing was quoted; never above 10,000, and not below `Int.min`.
    public static func realisedSlippageBps(quoted: BaseUnits, got: BaseUnits) -> Int {
        guard quoted.value > 0 else { return 0 }
        let isWorse = got < quoted
        let difference = isWorse ? quoted.value - got.value : got.value - quoted.value
        let bps = Ratio(UInt128(difference), over: UInt128(quoted.value)).rounded(digits: 4)
        return Int(clamping: isWorse ? Int128(bps) : -Int128(bps))
    }
}
