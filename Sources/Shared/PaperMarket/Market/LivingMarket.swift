public import Markets
public import Orders

/// The pools of a list at a moment: moved by the walk and by the swaps that landed on them.
public struct LivingMarket: Sendable {
    public let walk: PriceWalk
    /// Half-life of a swap's effect, in milliseconds.
    public let halfLife: UInt64

    /// A market by its settings.
    public init(walk: PriceWalk, halfLife: UInt64) {
        self.walk = walk
        self.halfLife = halfLife
    }

    /// Whether nothing moves, neither by the walk nor by swaps.
    public var isStill: Bool { walk.volatilityBps == 0 }

    /// A pool at a time in milliseconds, with its flow.
    public func pool(_ pool: Pool, after flow: PoolFlow?, at time: UInt64) -> Pool {
        guard !isStill else { return pool }
        let moved = pool.moved(by: walk.move(of: pool.address, at: time))
        return flow.map { moved.displaced(by: $0.left(at: time, halfLife: halfLife)) } ?? moved
    }

    /// The output of a quote at a later time if its pool is in no list. Only the walk moves it, because its depth is not known.
    public func amountOut(of quote: Quote, at time: UInt64) -> BaseUnits {
        guard !isStill, let quotedAt = quote.quotedAt else { return quote.amountOut }
        let now = UInt128(Pool.wholeMove + walk.move(of: quote.pool, at: time))
        let then = UInt128(Pool.wholeMove + walk.move(of: quote.pool, at: quotedAt))
        return BaseUnits(UInt64(clamping: UInt128(quote.amountOut.value) * now / then))
    }
}
