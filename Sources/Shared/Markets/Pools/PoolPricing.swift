internal import JSON
internal import Orders

/// Which token goes into a pool: its base token or its quote token.
enum SwapDirection: Sendable, Hashable, CaseIterable {
    case baseIn
    case quoteIn
}

/// The output and the costs of a swap.
struct SwapResult: Sendable, Hashable {
    let amountOut: BaseUnits
    /// The part of the input that the pool keeps.
    let fee: BaseUnits
    /// The rate of the fee, before rounding.
    let feeRate: Proportion
    /// How far the paid price is from the price before the swap, without the fee.
    let impact: Proportion
}

/// The reserves of a pool and how it prices swaps. A swap turns the value into the next one.
///
/// A new kind of pool is a new type in a file of its own, and its name in `PoolKinds`.
protocol PoolPricing: Sendable, Hashable {
    /// The name in pool lists.
    static var kind: String { get }

    /// Reads the fields of its kind from a pool list's entry. Notes mistakes and returns nil if there are any. A token is nil if its field is wrong.
    static func read(_ reader: inout PoolReader, base: Token?, quote: Token?) -> Self?

    var reserves: PoolReserves { get }

    /// The result of a swap of `amountIn` at a time in seconds; nil if the pool cannot take all of the input.
    func result(of amountIn: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> SwapResult?

    /// The pool after that swap; nil if the pool cannot take all of the input.
    func after(_ amountIn: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> Self?

    /// The smallest input that pays at least `amountOut`; nil if the pool cannot pay that much or the input would not fit 64 bits.
    func input(for amountOut: BaseUnits, _ direction: SwapDirection, at time: UInt64) -> BaseUnits?

    /// The pool at a price of base in quote that is `numerator / denominator` times as high, with the same liquidity, as exactly as integers allow.
    func priced(_ numerator: UInt128, over denominator: UInt128) -> Self

    /// Writes the fields of its kind in the form that `read` takes.
    func writeFields(to writer: inout JSONWriter, base: Token, quote: Token)
}

extension PoolPricing {
    func isEqual(to other: any PoolPricing) -> Bool { (other as? Self) == self }
}

/// The kinds of pools there are.
enum PoolKinds {
    static let all: [any PoolPricing.Type] = [ConstantProductPool.self, BinPool.self]
}
