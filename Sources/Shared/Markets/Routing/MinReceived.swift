public import Orders

/// The minimum output that an order accepts, from the quoted output and its slippage in basis points (0 to 10,000).
public enum MinReceived {
    /// Rounded down, as Raydium does: `floor(out · (10,000 - bps) / 10,000)`.
    public static func roundedDown(_ amountOut: BaseUnits, slippageBps: Int) -> BaseUnits {
        precondition(0...10_000 ~= slippageBps)
        return BaseUnits(UInt64(UInt128(amountOut.value) * UInt128(10_000 - slippageBps) / 10_000))
    }

    /// Rounded up, as Jupiter and the engine's own guard do: `out - floor(out · bps / 10,000)`. It is never a unit less than was promised.
    public static func roundedUp(_ amountOut: BaseUnits, slippageBps: Int) -> BaseUnits {
        precondition(0...10_000 ~= slippageBps)
        return BaseUnits(amountOut.value - UInt64(UInt128(amountOut.value) * UInt128(slippageBps) / 10_000))
    }

    /// The minimum that a venue promises, rounded as the venue does: Raydium down, others up.
    static func promised(_ amountOut: BaseUnits, dex: String, slippageBps: Int) -> BaseUnits {
        dex == "raydium" ? roundedDown(amountOut, slippageBps: slippageBps) : roundedUp(amountOut, slippageBps: slippageBps)
    }
}
