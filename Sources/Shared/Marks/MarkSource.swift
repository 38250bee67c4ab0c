public import EventLoop
public import Orders
public import Pipeline

/// A question about the market of a direction.
public enum MarkQuestion: Sendable, Hashable {
    /// The price at which a small amount could be swapped.
    case price(PriceDirection)
    /// Whether the pair can take an amount of its input token.
    case liquidity(PriceDirection, BaseUnits)

    public var direction: PriceDirection {
        switch self {
        case .price(let direction), .liquidity(let direction, _): direction
        }
    }
}

/// Where marks come from. A new kind of market is one new file, and one line in `Marks`.
@ServiceActor
public protocol MarkSource: AnyObject, Sendable {
    /// The marks in a partition's market. One is missing where it is not known now. The mark of `liquidity` is there if the pair can take the amount.
    func marks(_ questions: Set<MarkQuestion>, partition: Int) async -> [MarkQuestion: Mark]
}
