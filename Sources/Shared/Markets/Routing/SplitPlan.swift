public import Orders

/// The division of one order over several pools, with one transaction for each.
public struct SplitPlan: Sendable, Equatable {
    /// The quotes of the parts, largest input first; at least two, each with an output.
    public private(set) var legs: [Quote]
    /// The output of all legs together, in base units.
    public let amountOut: BaseUnits
    /// The best quote of one pool alone; nil if no pool can fill the amount.
    public let single: Quote?

    /// How much more than one pool alone, in basis points, rounded down; nil if no pool alone can fill the amount.
    public var gainBps: Int? {
        single.map { Int(clamping: UInt128(amountOut.value - $0.amountOut.value) * 10_000 / UInt128(max(1, $0.amountOut.value))) }
    }

    /// Notes the time of the pool data that the plan was computed from, in ms of Redis' time, and its age.
    public mutating func stamp(quotedAt time: UInt64, ageMs: UInt64?) { legs.stamp(quotedAt: time, ageMs: ageMs) }

    /// The best division found of an amount over pools that trade the pair directly; nil if no division pays more than one pool alone.
    ///
    /// Divides between two pools at a time, as `PairSplit` does, until no pair can do better. Pools are independent of each other. So if moving
    /// amounts between two pools gains nothing, moving them between more pools gains nothing, except for rounding.
    ///
    /// - Parameters:
    ///   - pools: of any venue, as they are now; pools that do not trade the pair are ignored.
    ///   - time: see ``Route/quote(_:slippageBps:at:)``.
    public init?(_ amountIn: BaseUnits, pools: [Pool], from: Token, to: Token, slippageBps: Int, at time: UInt64 = 0) {
        let pools = pools.filter { $0.trades(from: from, to: to) }
        let singles = pools.compactMap { try? $0.quote(amountIn, from: from, slippageBps: slippageBps, at: time) }
        let best = QuoteComparison(singles)?.best
        let start = pools.firstIndex { $0.address == best?.pool }
        let search = SplitSearch(takers: pools.compactMap { $0.taker(of: from) }, time: time)
        guard let shares = search.shares(of: amountIn.value, startingWith: start) else { return nil }
        var legs: [Quote] = []
        for (pool, share) in zip(pools, shares) where share > 0 {
            // A part that is too small to pay anything cannot be a leg, so there is no plan.
            guard let leg = try? pool.quote(BaseUnits(share), from: from, slippageBps: slippageBps, at: time) else { return nil }
            legs.append(leg)
        }
        let sum = legs.reduce(UInt128(0)) { $0 + UInt128($1.amountOut.value) }
        guard legs.count > 1, let amountOut = UInt64(exactly: sum), amountOut > best?.amountOut.value ?? 0 else { return nil }
        single = best
        self.legs = legs.largestFirst
        self.amountOut = BaseUnits(amountOut)
    }
}
