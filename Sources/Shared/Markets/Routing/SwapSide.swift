internal import Orders

/// Who takes a share of an amount, and what it pays: a pool in one direction, or the owner who keeps it.
enum SwapSide: Sendable {
    case pool(any PoolPricing, SwapDirection)
    /// What is not swapped. It counts as much as it would bring at the limit price, so a pool gets only what it pays more for.
    case kept(PriceFloor)

    /// The output for a share, in base units; nil if it cannot be taken.
    func output(_ amountIn: UInt64, at time: UInt64) -> UInt128? {
        switch self {
        case .pool(let pricing, let direction): pricing.result(of: BaseUnits(amountIn), direction, at: time).map { UInt128($0.amountOut.value) }
        case .kept(let floor): amountIn == 0 ? 0 : floor.leastOut(for: BaseUnits(amountIn)).map { UInt128($0.value) }
        }
    }

    /// The curve of a constant product; nil for anything else.
    var curve: ConstantProduct? {
        guard case .pool(let pricing, let direction) = self else { return nil }
        return (pricing as? ConstantProductPool)?.curve(direction)
    }
}

extension Pool {
    /// The pool as it takes `token`; nil if it does not trade it.
    func side(from token: Token) -> SwapSide? { direction(from: token).map { .pool(pricing, $0) } }
}
