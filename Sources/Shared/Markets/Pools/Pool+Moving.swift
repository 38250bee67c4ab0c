internal import Orders

extension Pool {
    /// The unit of price moves: a move is counted in parts per 10^9.
    public static let wholeMove: Int64 = 1_000_000_000

    /// The pool at another price, with as much liquidity as before.
    ///
    /// - Parameter move: how much the price of base in quote rises, in parts per 10^9; above -10^9.
    public func moved(by move: Int64) -> Pool {
        guard move != 0 else { return self }
        return with(pricing.priced(UInt128(Self.wholeMove + move), over: UInt128(Self.wholeMove)))
    }

    /// The pool after swaps that have put `flow` of the base token into it, or taken it out if `flow` is negative. A flow that the pool cannot bear
    /// is halved until it can.
    public func displaced(by flow: Int64) -> Pool {
        var amount = flow.magnitude
        while amount > 0 {
            if let next = flow > 0 ? pricing.after(BaseUnits(amount), .baseIn, at: 0) : after(taking: amount) { return with(next) }
            amount /= 2
        }
        return self
    }

    private func after(taking amount: UInt64) -> (any PoolPricing)? {
        pricing.input(for: BaseUnits(amount), .quoteIn, at: 0).flatMap { pricing.after($0, .quoteIn, at: 0) }
    }
}
