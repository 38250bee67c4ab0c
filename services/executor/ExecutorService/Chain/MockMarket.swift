internal import Orders
internal import Pipeline

/// What a swap fetches on the mock chain: the quote, moved by a draw of the seed and the signature.
struct MockMarket {
    let seed: UInt64
    let volatilityBps: Int

    /// The output in base units: the quote's, up to `volatilityBps` better or worse.
    func amountOut(of transaction: SignedTransaction) -> BaseUnits {
        guard volatilityBps > 0 else { return transaction.quote.amountOut }
        let widthPpm = UInt64(volatilityBps) * 100
        let draw = Self.mix(Self.hash(transaction.signature) ^ seed) % (2 * widthPpm + 1)
        let scaled = UInt128(transaction.quote.amountOut.value) * UInt128(1_000_000 + draw - widthPpm) / 1_000_000
        return BaseUnits(UInt64(min(scaled, UInt128(UInt64.max))))
    }

    /// FNV-1a: stable over processes and versions.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// The finaliser of SplitMix64: every bit of the input reaches every bit of the output.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
