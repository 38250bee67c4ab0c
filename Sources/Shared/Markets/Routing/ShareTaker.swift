internal import Orders

/// Who takes a share of an amount: a pool in one direction, or the owner who keeps it.
protocol ShareTaker: Sendable {
    /// The output for a share, in base units; nil if it cannot be taken.
    func output(_ amountIn: UInt64, at time: UInt64) -> UInt128?

    /// The curve of a constant product; nil for anything else.
    var curve: ConstantProduct? { get }
}

/// A pool as it takes one of its tokens.
struct PoolTaker<Pricing: PoolPricing>: ShareTaker {
    let pricing: Pricing
    let direction: SwapDirection

    func output(_ amountIn: UInt64, at time: UInt64) -> UInt128? {
        pricing.result(of: BaseUnits(amountIn), direction, at: time).map { UInt128($0.amountOut.value) }
    }

    var curve: ConstantProduct? { (pricing as? ConstantProductPool)?.curve(direction) }
}

/// The owner, who keeps a share. It counts as much as it would bring at the limit price, so a pool gets only what it pays more for.
struct KeptShare: ShareTaker {
    let limit: PriceFloor

    func output(_ amountIn: UInt64, at time: UInt64) -> UInt128? {
        amountIn == 0 ? 0 : limit.leastOut(for: BaseUnits(amountIn)).map { UInt128($0.value) }
    }

    var curve: ConstantProduct? { nil }
}

extension Pool {
    /// The pool as it takes `token`; nil if it does not trade it.
    func taker(of token: Token) -> (any ShareTaker)? {
        func made(_ pricing: some PoolPricing) -> (any ShareTaker)? { direction(from: token).map { PoolTaker(pricing: pricing, direction: $0) } }
        return made(pricing)
    }
}
