public import Orders

extension Pool {
    /// The pool as if it had come to another price: `move` parts per 10^9 more quote for a unit of base, with as much liquidity as before.
    func moved(by move: Int64) -> Pool {
        guard move != 0 else { return self }
        return with(pricing.priced(UInt128(PriceWalk.whole + move), over: UInt128(PriceWalk.whole)))
    }

    /// The pool after swaps that have put `flow` of the base token into it, or taken it out. Of what is beyond the pool as much as it bears.
    func displaced(by flow: Int64) -> Pool {
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

extension Route {
    /// What a swap that follows the route does to each of its pools.
    ///
    /// - Parameter quote: the route's own.
    public func effects(of quote: Quote) -> [PoolEffect] {
        hops.enumerated().map { index, hop in
            let amounts = quote.hops.isEmpty ? (quote.amountIn, quote.amountOut) : (quote.hops[index].amountIn, quote.hops[index].amountOut)
            let isBaseIn = hop.pool.direction(from: hop.from) == .baseIn
            return PoolEffect(pool: hop.pool.address, base: isBaseIn ? Int64(clamping: amounts.0.value) : -Int64(clamping: amounts.1.value))
        }
    }
}
