public import Orders

/// The part of an amount whose every further unit is paid at least at a limit price, with one transaction for each pool.
///
/// It is the part that an exchange with an order book would fill. What each pool takes brings more than the limit on average, so a small move of the
/// market does not undo it.
public struct PartialPlan: Sendable, Equatable {
    /// A leg is at least this share of the amount, in basis points. Each leg costs the fee of a transaction, and any fill ends the order.
    static let minShareBps: UInt128 = 100

    /// The quotes of the parts, largest input first; at least one. Each meets the limit price by itself.
    public private(set) var legs: [Quote]

    /// The input of all legs together, in base units; never more than the amount.
    public var amountIn: BaseUnits { BaseUnits(legs.reduce(0) { $0 + $1.amountIn.value }) }

    /// Notes the time of the pool data that the plan was computed from, in ms of Redis' time, and its age.
    public mutating func stamp(quotedAt time: UInt64, ageMs: UInt64?) { legs.stamp(quotedAt: time, ageMs: ageMs) }

    /// The part found of an amount, over pools that trade the pair directly; nil if too little of it is paid at the limit price.
    ///
    /// The amount is divided as in ``SplitPlan``, with the owner as one more taker, to whom each unit is worth the limit price. What the owner gets
    /// is not swapped.
    ///
    /// - Parameters:
    ///   - pools: of any venue, as they are now; pools that do not trade the pair are ignored.
    ///   - time: see ``Route/quote(_:slippageBps:at:)``.
    public init?(of amountIn: BaseUnits, meeting limit: PriceFloor, pools: [Pool], from: Token, to: Token, slippageBps: Int, at time: UInt64 = 0) {
        let pools = pools.filter { $0.trades(from: from, to: to) }
        let takers = [KeptShare(limit: limit)] + pools.compactMap { $0.taker(of: from) }
        guard let shares = SplitSearch(takers: takers, time: time).shares(of: amountIn.value, startingWith: 0) else { return nil }
        let legs = zip(pools, shares.dropFirst()).compactMap { pool, share -> Quote? in
            guard UInt128(share) * 10_000 >= UInt128(amountIn.value) * Self.minShareBps, share > 0,
                let leg = try? pool.quote(BaseUnits(share), from: from, slippageBps: slippageBps, at: time)
            else { return nil }
            // A share of some units may be rounded to less than the limit.
            return limit.isMet(by: leg) ? leg : nil
        }
        guard !legs.isEmpty, UInt64(exactly: legs.reduce(UInt128(0)) { $0 + UInt128($1.amountOut.value) }) != nil else { return nil }
        self.legs = legs.largestFirst
    }
}
