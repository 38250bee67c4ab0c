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

extension PriceFloor {
    /// Whether a quote brings at least the limit price.
    public func isMet(by quote: Quote) -> Bool { leastOut(for: quote.amountIn).map { quote.amountOut >= $0 } ?? false }
}

extension Order {
    /// The least that a swap of a quote of this order may bring: its limit price decides, or without one its slippage. Nothing can fill an order
    /// whose limit asks for more than there can be.
    public func leastOut(of quote: Quote) -> BaseUnits {
        guard let floor else { return MinReceived.roundedUp(quote.amountOut, slippageBps: slippageBps) }
        return floor.leastOut(for: quote.amountIn) ?? BaseUnits(.max)
    }

    /// Whether a quote meets the order's limit price; an order without one takes any.
    public func accepts(_ quote: Quote) -> Bool { floor == nil || quote.amountOut >= leastOut(of: quote) }
}
