/// How an order waits.
public enum Waiting: Sendable, Hashable {
    /// For a price.
    case price(Trigger)
    /// For a price that follows the best one.
    case trailing(TrailingTrigger)
    /// Until its pair can take this amount of its input token.
    case liquidity(BaseUnits)
}

extension Order {
    /// Whether the order is tried as soon as it is accepted.
    public var beginsAtOnce: Bool { orderType == .market || orderType == .limit && terms?.timeInForce.isImmediate == true }

    /// How the order waits once it is accepted; nil if it does not, or if a mark is needed and missing.
    ///
    /// - Parameter mark: the present price of its direction; only a trailing order needs it.
    public func waiting(at mark: PriceLevel?) -> Waiting? {
        guard let terms, !beginsAtOnce else { return nil }
        switch orderType {
        case .market: return nil
        case .limit: return terms.limitPrice.map { .price(Trigger(terms.condition(of: .limit), $0)) }
        case .takeProfit: return terms.triggerPrice.map { .price(Trigger(terms.condition(of: .takeProfit), $0)) }
        case .stop, .stopLimit: return terms.triggerPrice.map { .price(Trigger(terms.condition(of: orderType), $0, isConfirmed: true)) }
        case .sniper: return .liquidity(terms.minLiquidity ?? amountIn)
        case .trailingStop:
            guard let bps = terms.trailingBps, let mark else { return nil }
            return TrailingTrigger(bps: bps, best: mark, of: terms.priced).map { .trailing($0) }
        }
    }

    /// Whether the order waits again when its limit price is not met. Others fail, or take the price of the moment.
    public var mayRest: Bool { terms?.limitPrice != nil && terms?.timeInForce.isImmediate == false }

    /// Whether a part of the order may fill alone where the whole does not meet its limit price.
    public var mayFillInPart: Bool { terms?.limitPrice != nil && terms?.timeInForce == .ioc }

    /// What it waits for at its limit price, as an order does that has fired; nil if it has none.
    public var limitTrigger: Trigger? { terms.flatMap { terms in terms.limitPrice.map { Trigger(terms.condition(of: .limit), $0) } } }

    /// The floor of its limit price; nil if it has none.
    public var floor: PriceFloor? { PriceFloor(self) }

    /// Where the order waits when its limit was not met: at the price at which its size would fill, half-way back, but at most 10 % beyond its limit.
    ///
    /// A quote at the order's own size is worse than the mark, by the price's move on the way. That share is expected again. But a pool that grows
    /// moves no mark: an order that waited far beyond its limit would not notice that it could be filled.
    ///
    /// - Parameters:
    ///   - mark: the price of a small swap at the time of the quote; nil if it is not known, and then the order waits at its limit.
    ///   - own: the price of the best quote; nil if there was none, or if a venue that could be better did not answer.
    public func resting(mark: PriceLevel?, own: PriceLevel?) -> Trigger? {
        guard let terms, let limit = terms.limitPrice else { return nil }
        let condition = terms.condition(of: .limit)
        guard let mark, let own, condition == .above ? mark > own : mark < own,
            // limit · mark / own
            let whole = WideArithmetic.multiplyDivide(limit.units, mark.units, by: own.units, condition == .above ? .up : .down)
        else { return Trigger(condition, limit) }
        let away = min((condition == .above ? whole - limit.units : limit.units - whole) / 2, limit.units / 10)
        let middle = condition == .above ? limit.units + away : limit.units - away
        // More digits say nothing, and nobody can read them.
        let level = PriceLevel(units: middle)?.rounded(significantDigits: 10, of: terms.priced) ?? limit
        return Trigger(condition, condition == .above ? max(level, limit) : min(level, limit))
    }
}
