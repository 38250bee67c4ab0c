internal import JSON
internal import Orders

/// What goes into a pool: its base token, or its quote token.
enum SwapDirection: Sendable, Hashable, CaseIterable {
    case baseIn
    case quoteIn
}

/// What a swap gives and costs.
struct SwapResult: Sendable, Hashable {
    let amountOut: BaseUnits
    /// The part of the input that the pool keeps.
    let fee: BaseUnits
    /// The rate of the fee, before rounding.
    let feeRate: Proportion
    /// How far the price paid is from the price before the swap, without the fee.
    let impact: Proportion
}

/// How a pool prices swaps, together with what it holds: a value that a swap turns into the next one.
///
/// A new kind of pool is a new type in a file of its own, and its name in `PoolKinds`.
protocol PoolPricing: Sendable, Hashable {
    /// The name in pool lists.
    static var kind: String { get }

    /// Reads its own fields of a pool list's entry; notes what is wrong with them and returns nil. A token is nil where that is wrong already.
    static func read(_ reader: inout PoolReader, base: Token?, quote: Token?) -> Self?

    /// What it holds.
    var reserves: PoolReserves { get }

    /// What a swap of `amountIn` would give, at a time in seconds; nil where the pool cannot take all of it.
    func result(of amountIn: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> SwapResult?

    /// The pool after that swap; nil where the pool cannot take all of it.
    func after(_ amountIn: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> Self?

    /// The least input that pays at least `amountOut`; nil where the pool cannot pay it, or the input would not fit 64 bits.
    func input(for amountOut: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> BaseUnits?

    /// The pool at a price `numerator / denominator` times as high, in quote for base, with as much liquidity; as near as integers come.
    func priced(_ numerator: UInt128, over denominator: UInt128) -> Self

    /// Writes its own fields, as `read` takes them.
    func writeFields(to writer: inout JSONWriter, base: Token, quote: Token)
}

extension PoolPricing {
    func isEqual(to other: any PoolPricing) -> Bool { (other as? Self) == self }
}

/// The kinds of pools there are.
enum PoolKinds {
    static let all: [any PoolPricing.Type] = [ConstantProductPool.self, BinPool.self]
}
