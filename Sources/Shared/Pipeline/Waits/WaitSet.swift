public import Orders

/// The direction of a swap and whose price in it is meant. All marks and all sets of orders that wait belong to one.
public struct PriceDirection: Sendable, Hashable {
    /// The mint of the token that is sold.
    public let tokenIn: String
    /// The mint of the token that is bought.
    public let tokenOut: String
    public let priced: PricedToken

    public init(tokenIn: String, tokenOut: String, priced: PricedToken) {
        (self.tokenIn, self.tokenOut, self.priced) = (tokenIn, tokenOut, priced)
    }

    /// The direction of an order; nil for a market order.
    public init?(_ order: Order) {
        guard let terms = order.terms else { return nil }
        self.init(tokenIn: order.tokenIn.mint, tokenOut: order.tokenOut.mint, priced: terms.priced)
    }

    /// The text of `init(name:)`.
    public var name: String { "\(tokenIn):\(tokenOut):\(priced.rawValue)" }

    public init?(name: some StringProtocol) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let priced = PricedToken(rawValue: String(parts[2])) else { return nil }
        self.init(tokenIn: String(parts[0]), tokenOut: String(parts[1]), priced: priced)
    }
}

/// A set of orders that wait for one price, the next due first.
public struct WaitSet: Sendable, Hashable {
    /// What the orders of a set wait for.
    public enum Kind: String, Sendable, CaseIterable {
        /// The price is at or above theirs.
        case above
        case below
        /// Two marks in a row are.
        case confirmedAbove
        case confirmedBelow
        /// A new best price, which moves the triggers of trailing orders.
        case peak
        case trough
        /// The pair can take an amount.
        case liquidity

        init(_ trigger: Trigger) {
            switch trigger.condition {
            case .above: self = trigger.isConfirmed ? .confirmedAbove : .above
            case .below: self = trigger.isConfirmed ? .confirmedBelow : .below
            }
        }

        /// Whether the order with the highest price is due first, as the price comes from above.
        var isDescending: Bool { self == .below || self == .confirmedBelow || self == .trough }
        /// Whether one mark is not enough.
        public var isConfirmed: Bool { self == .confirmedAbove || self == .confirmedBelow }
    }

    public let direction: PriceDirection
    public let kind: Kind

    /// The name in its key, in a place and in the registry of sets.
    public var name: String { direction.name + ":" + kind.rawValue }

    public init(_ direction: PriceDirection, _ kind: Kind) { (self.direction, self.kind) = (direction, kind) }

    public init?(name: String) {
        guard let colon = name.lastIndex(of: ":"), let direction = PriceDirection(name: name[..<colon]),
            let kind = Kind(rawValue: String(name[name.index(after: colon)...]))
        else { return nil }
        self.init(direction, kind)
    }

    /// The key of a price in this set: of all that are due at a mark, none is above the mark's own key.
    package static func key(of amount: BaseUnits) -> String {
        let digits = String(amount.value)
        return String(repeating: "0", count: PriceLevel.keyLength - digits.utf8.count) + digits
    }

    package func key(of price: PriceLevel) -> String { kind.isDescending ? price.descendingKey : price.key }
}

/// A member of such a set.
package struct WaitMember: Sendable, Hashable {
    /// The key of its price.
    package let key: String
    package let id: OrderID

    init?(_ text: String) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let id = OrderID(parsing: String(parts[1])) else { return nil }
        (key, self.id) = (String(parts[0]), id)
    }

    /// The amount that a member of a set of the kind `liquidity` waits for.
    package var amount: BaseUnits? { UInt64(key).map { BaseUnits($0) } }
}

/// Where an order waits: the fields `w`, `n` and `k` of its hash.
public struct WaitPlace: Sendable, Hashable {
    /// `w`: the set that fires it, and the key of its price there.
    public let spot: String
    /// `n`: where a new best price is waited for; empty unless the trigger trails.
    public let renewal: String
    /// `k`: the distance in basis points and the best price; empty unless the trigger trails.
    public let trail: String

    public init(_ waiting: Waiting, _ direction: PriceDirection) {
        switch waiting {
        case .price(let trigger): (spot, renewal, trail) = (Self.spot(trigger, direction), "", "")
        case .trailing(let trailing):
            spot = Self.spot(trailing.trigger, direction)
            let set = WaitSet(direction, trailing.renewal.condition == .above ? .peak : .trough)
            renewal = "\(set.name) \(set.key(of: trailing.renewal.level))"
            trail = "\(trailing.bps) \(trailing.best.text)"
        case .liquidity(let amount):
            (spot, renewal, trail) = ("\(WaitSet(direction, .liquidity).name) \(WaitSet.key(of: amount))", "", "")
        }
    }

    init(spot: String, renewal: String, trail: String) { (self.spot, self.renewal, self.trail) = (spot, renewal, trail) }

    private static func spot(_ trigger: Trigger, _ direction: PriceDirection) -> String {
        let set = WaitSet(direction, WaitSet.Kind(trigger))
        return "\(set.name) \(set.key(of: trigger.level))"
    }

    /// What an order waits for, from its field `w`; nil if that is no place for a price.
    public static func trigger(spot: String) -> Trigger? {
        let parts = spot.split(separator: " ")
        guard parts.count == 2, let set = WaitSet(name: String(parts[0])), let level = PriceLevel(key: parts[1], isDescending: set.kind.isDescending)
        else { return nil }
        switch set.kind {
        case .above, .confirmedAbove: return Trigger(.above, level, isConfirmed: set.kind.isConfirmed)
        case .below, .confirmedBelow: return Trigger(.below, level, isConfirmed: set.kind.isConfirmed)
        case .peak, .trough, .liquidity: return nil
        }
    }

    /// How far an order trails behind which price, from its field `k`.
    static func trail(_ text: String) -> (bps: Int, best: PriceLevel)? {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let bps = Int(parts[0]), let best = try? PriceLevel(decimal: String(parts[1])) else { return nil }
        return (bps, best)
    }
}
