public import JSON
public import Markets
public import Orders

/// An order divided over several pools, compared with the best offer of one venue.
public struct SplitOffer: Sendable {
    public let plan: SplitPlan
    /// The best offer of one venue; nil if no venue can fill the amount.
    public let single: Quote?
    /// Whether the gain is worth one transaction for each part.
    public let isWorthIt: Bool
    private let request: QuoteRequest

    /// - Parameters:
    ///   - request: the request that is divided.
    ///   - minGainBps: the gain must be above this, in basis points of the best venue's offer.
    public init(_ plan: SplitPlan, over single: Quote?, of request: QuoteRequest, minGainBps: Int) {
        self.plan = plan
        self.single = single
        self.request = request
        isWorthIt = single.map { UInt128(plan.amountOut.value) * 10_000 > UInt128($0.amountOut.value) * UInt128(10_000 + minGainBps) } ?? true
    }

    /// How much more than the best venue, in basis points, rounded down; nil if no venue alone can fill the amount.
    public var gainBps: Int? {
        single.map { single in
            let (split, whole) = (Int128(plan.amountOut.value), Int128(single.amountOut.value))
            let (bps, rest) = ((split - whole) * 10_000).quotientAndRemainder(dividingBy: max(1, whole))
            return Int(clamping: rest < 0 ? bps - 1 : bps)
        }
    }

    /// The gain in one line, for people: `raydium 62.1 % and meteora 37.9 %: 1420.1 against 1410.3 (raydium), +69 bps`.
    public var reason: String {
        let whole = "\(VenueShares.text(of: plan.legs)): \(plan.amountOut.decimalText(decimals: request.tokenOut.decimals))"
        guard let single, let gainBps else { return "\(whole), no venue alone can fill it" }
        return "\(whole) against \(single.amountOutDecimal) (\(single.dex)), +\(gainBps) bps"
    }
}

extension SplitOffer: JSONWritable {
    /// All legs as one quote: the amounts are added up, fee and impact are weighted by the input.
    private var whole: Quote { Quote(joining: plan.legs, inputDecimals: request.tokenIn.decimals, outputDecimals: request.tokenOut.decimals) }

    /// The minimum output of all legs together. Each leg has a guard of its own.
    private var minReceived: BaseUnits {
        let guards = plan.legs.map { MinReceived.roundedUp($0.amountOut, slippageBps: request.slippageBps).value }
        return BaseUnits(UInt64(clamping: guards.reduce(UInt128(0)) { $0 + UInt128($1) }))
    }

    /// Writes `{"legs","amountOut","amountOutDecimal","price","feeBps","priceImpactPct","minReceived","minReceivedDecimal","gainBps","chosen"}`;
    /// `gainBps` is null if no venue alone can fill the amount.
    public func write(to writer: inout JSONWriter) {
        let (whole, minReceived) = (whole, minReceived)
        writer.object {
            $0.array("legs") { writer in
                for leg in plan.legs { write(leg, to: &writer) }
            }
            $0.field("amountOut", plan.amountOut)
            $0.field("amountOutDecimal", plan.amountOut.decimalText(decimals: request.tokenOut.decimals))
            $0.field("price", whole.price)
            $0.number("feeBps", whole.feeBps)
            $0.field("priceImpactPct", whole.priceImpactPct)
            $0.field("minReceived", minReceived)
            $0.field("minReceivedDecimal", minReceived.decimalText(decimals: request.tokenOut.decimals))
            $0.field("gainBps", orNull: gainBps)
            $0.field("chosen", isWorthIt)
        }
    }

    private func write(_ leg: Quote, to writer: inout JSONWriter) {
        writer.object {
            $0.field("dex", leg.dex)
            $0.field("pool", leg.pool)
            $0.field("amountIn", leg.amountIn)
            $0.field("amountInDecimal", leg.amountIn.decimalText(decimals: request.tokenIn.decimals))
            $0.field("amountOut", leg.amountOut)
            $0.field("amountOutDecimal", leg.amountOutDecimal)
            $0.field("price", leg.price)
            $0.number("feeBps", leg.feeBps)
            $0.field("priceImpactPct", leg.priceImpactPct)
            $0.field("minReceived", leg.minReceived)
            $0.field("minReceivedDecimal", leg.minReceivedDecimal)
        }
    }
}
