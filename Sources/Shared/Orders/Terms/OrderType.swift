/// When an order is to be executed. The raw values are part of the API.
public enum OrderType: String, Sendable, Hashable, CaseIterable {
    /// At once, at the price of the moment.
    case market
    /// At its limit price or better.
    case limit
    /// Once the price has moved against the position, as far as the trigger price. Then at the price of the moment.
    case stop
    /// As `stop`, then at its limit price or better.
    case stopLimit
    /// Once the price has moved in favour of the position, as far as the trigger price.
    case takeProfit
    /// As `stop`, with a trigger price that follows the best price at a distance.
    case trailingStop
    /// Once the pair can be traded at all.
    case sniper

    /// Whether the order needs a price before it can be executed, and waits for it.
    public var waits: Bool { self != .market }
    public var needsLimitPrice: Bool { self == .limit || self == .stopLimit }
    public var allowsLimitPrice: Bool { needsLimitPrice || self == .takeProfit }
    public var needsTriggerPrice: Bool { self == .stop || self == .stopLimit || self == .takeProfit }

    /// Reads a name in any case, with or without separators: `stopLimit`, `STOP_LIMIT`. Nil for anything else.
    public init?(naming text: String) {
        guard text.utf8.count <= 32 else { return nil }
        let name = OrderVocabulary.fold(text)
        guard let type = Self.allCases.first(where: { OrderVocabulary.fold($0.rawValue) == name }) else { return nil }
        self = type
    }

    /// All names, for a sentence.
    static let names = allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
}

/// How long an order that has a limit price is tried. The raw values are part of the API.
public enum TimeInForce: String, Sendable, Hashable, CaseIterable {
    /// Until it is filled or cancelled, for at most 90 days.
    case gtc
    /// Until its time.
    case gtd
    /// One round of quotes. With split routing the part above the limit may fill alone.
    case ioc
    /// One round of quotes, for the whole or nothing.
    case fok

    /// Whether the order is tried once and never waits again.
    public var isImmediate: Bool { self == .ioc || self == .fok }
}

/// From which side a price has to come. The raw values are part of the API.
public enum TriggerCondition: String, Sendable, Hashable, CaseIterable {
    /// At or above the trigger price.
    case above
    /// At or below it.
    case below
}

/// Whose price an order speaks of: the token that it sells or the one that it buys. The price is in the other one.
public enum PricedToken: String, Sendable, Hashable, CaseIterable {
    case tokenIn
    case tokenOut
}
