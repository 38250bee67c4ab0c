public import EventLoop
internal import Markets
public import Orders
public import Pipeline

/// What is asked of a market to answer questions about marks. Pure, except that it remembers how large a small amount is.
@ServiceActor
public final class MarkProbe {
    /// Amounts on both sides have at least so many units, so that rounding to whole units moves a price by less than 1/1000 of a percent.
    private nonisolated static let leastUnits: UInt64 = 100_000
    /// So many amounts without a quote say that there is none.
    private nonisolated static let maxMisses = 4
    /// More digits say nothing, and nobody can read them.
    private nonisolated static let digits = 10
    /// The largest impact at which a pair counts as able to take an amount: 5 %, in units of 0.0001 %.
    private nonisolated static let mostImpact: UInt64 = 50_000

    private let tokens: [String: Token]
    /// The amounts that have turned out to be small and not too small.
    private var sizes: [PriceDirection: BaseUnits] = [:]

    public init(_ tokens: TokenList) { self.tokens = Dictionary(tokens.tokens.map { ($0.mint, $0) }) { first, _ in first } }

    /// The tokens of a direction; nil if one is no longer in the list.
    public func pair(_ direction: PriceDirection) -> (tokenIn: Token, tokenOut: Token)? {
        guard let tokenIn = tokens[direction.tokenIn], let tokenOut = tokens[direction.tokenOut] else { return nil }
        return (tokenIn, tokenOut)
    }

    /// Answers a question by quotes; nil if there is none.
    ///
    /// - Parameter quote: the best quote for an amount; nil if there is none.
    public func answer(
        _ question: MarkQuestion, at time: UInt64, _ quote: @ServiceActor (BaseUnits, Token, Token) async -> Quote?
    ) async -> Mark? {
        guard let (tokenIn, tokenOut) = pair(question.direction) else { return nil }
        switch question {
        case .liquidity(let direction, let amount):
            guard let found = await quote(amount, tokenIn, tokenOut), Self.isSmall(found.priceImpactPct) else { return nil }
            return price(found, direction, tokenIn, tokenOut).map { Mark($0, at: time) }
        case .price(let direction):
            guard let found = await small(direction, tokenIn, tokenOut, quote) else { return nil }
            return price(found, direction, tokenIn, tokenOut).map { Mark($0, at: time) }
        }
    }

    /// A quote for a small amount: the smallest power of ten that is enough, found once for each direction.
    private func small(
        _ direction: PriceDirection, _ tokenIn: Token, _ tokenOut: Token, _ quote: @ServiceActor (BaseUnits, Token, Token) async -> Quote?
    ) async -> Quote? {
        let known = sizes[direction]
        var (amount, misses) = (known ?? BaseUnits(Self.leastUnits), 0)
        while true {
            let found = await quote(amount, tokenIn, tokenOut)
            if let found, found.amountOut.value >= Self.leastUnits {
                sizes[direction] = amount
                return found
            }
            if found == nil { misses += 1 }
            // Some venues refuse what is too small, but each question counts at them. A market that cannot take more has no better price.
            guard misses < Self.maxMisses, found != nil || known == nil, let next = Self.larger(amount, found) else { return found }
            amount = next
        }
    }

    /// The next amount to try; nil if there is none.
    private nonisolated static func larger(_ amount: BaseUnits, _ found: Quote?) -> BaseUnits? {
        var (factor, out) = (UInt64(10), found?.amountOut.value ?? 0)
        if out == 0 { factor = 1000 }
        while out > 0, out * 10 < leastUnits { (factor, out) = (factor * 10, out * 10) }
        let (next, overflows) = amount.value.multipliedReportingOverflow(by: factor)
        return overflows ? nil : BaseUnits(next)
    }

    private func price(_ quote: Quote, _ direction: PriceDirection, _ tokenIn: Token, _ tokenOut: Token) -> PriceLevel? {
        PriceLevel(
            amountIn: quote.amountIn, amountOut: quote.amountOut, inputDecimals: tokenIn.decimals, outputDecimals: tokenOut.decimals,
            of: direction.priced
        )?.rounded(significantDigits: Self.digits, of: direction.priced)
    }

    private nonisolated static func isSmall(_ impactPct: String) -> Bool {
        // A swap without any impact reads as 0, which is no amount.
        guard let impact = try? BaseUnits(decimal: impactPct, decimals: 4) else { return !impactPct.contains { "123456789".contains($0) } }
        return impact.value <= mostImpact
    }
}
