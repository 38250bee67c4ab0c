/// What an order waits for: that the price of its direction reaches a level.
public struct Trigger: Sendable, Hashable {
    public let condition: TriggerCondition
    public let level: PriceLevel
    /// Whether two marks in a row have to be there. One mark alone may be a spike, and a stop that fires on it cannot be taken back.
    public let isConfirmed: Bool

    public init(_ condition: TriggerCondition, _ level: PriceLevel, isConfirmed: Bool = false) {
        (self.condition, self.level, self.isConfirmed) = (condition, level, isConfirmed)
    }

    /// Whether a mark is there. A gap does not matter: beyond is reached too.
    public func isReached(by mark: PriceLevel) -> Bool { condition == .above ? mark >= level : mark <= level }

    /// How far a mark is away, in basis points of the mark, rounded up; 0 if it is there. Nil beyond `Int.max`.
    public func distanceBps(from mark: PriceLevel) -> Int? {
        if isReached(by: mark) { return 0 }
        let gap = condition == .above ? level.units - mark.units : mark.units - level.units
        return WideArithmetic.multiplyDivide(gap, 10_000, by: mark.units, .up).flatMap { Int(exactly: $0) }
    }
}

/// A trigger that follows the best price since the order was placed.
public struct TrailingTrigger: Sendable, Hashable {
    /// The distance in basis points.
    public let bps: Int
    /// The highest price since then for a sale, the lowest for a purchase.
    public let best: PriceLevel
    /// The order's own trigger: for a sale below the best price, rounded down; for a purchase above it, rounded up.
    public let trigger: Trigger
    /// When the trigger has to be set anew: once the best price has moved on by 1/50 of the distance.
    public let renewal: Trigger

    /// Nil if there is no such price.
    public init?(bps: Int, best: PriceLevel, of priced: PricedToken) {
        let (distance, whole) = (Int128(bps), UInt128(10_000))
        let levels =
            switch priced {
            case .tokenIn: (best.moved(by: -distance, of: whole, .down), best.moved(by: distance, of: 50 * whole, .up))
            case .tokenOut: (best.moved(by: distance, of: whole, .up), best.moved(by: -distance, of: 50 * whole, .down))
            }
        guard let stop = levels.0, let next = levels.1, next != best else { return nil }
        self.bps = bps
        self.best = best
        trigger = Trigger(priced == .tokenIn ? .below : .above, stop, isConfirmed: true)
        renewal = Trigger(priced == .tokenIn ? .above : .below, next)
    }

    /// The trigger after a mark, if that is a new best price.
    public func following(_ mark: PriceLevel, of priced: PricedToken) -> TrailingTrigger? {
        renewal.isReached(by: mark) ? TrailingTrigger(bps: bps, best: mark, of: priced) : nil
    }
}

/// How far an order that waits is from its price.
public struct TriggerDistance: Sendable, Hashable {
    let waitsFor: Trigger
    /// The present price; nil if it is not known.
    let mark: PriceLevel?

    public init(waitsFor trigger: Trigger, mark: PriceLevel?) { (waitsFor, self.mark) = (trigger, mark) }

    /// In basis points of the mark; nil if that is not known.
    var bps: Int? { mark.flatMap { waitsFor.distanceBps(from: $0) } }
}
