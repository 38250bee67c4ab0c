public import JSON

/// The terms of an order that is not a market order. Some can be amended while the order waits.
public struct PriceTerms: Sendable, Hashable {
    /// Whose price all prices of the order are; they are in the other token.
    public var priced: PricedToken
    /// The worst price at which it may fill; nil for none.
    public var limitPrice: PriceLevel?
    /// The price that wakes it; nil where the type has none.
    public var triggerPrice: PriceLevel?
    /// How far the trigger follows behind the best price, in basis points; nil unless it trails.
    public var trailingBps: Int?
    /// What the pair must be able to take, in base units of the input token; nil unless the type is `sniper`.
    public var minLiquidity: BaseUnits?
    public var timeInForce: TimeInForce
    /// Unix milliseconds after which it no longer waits.
    public var expiresAt: UInt64?

    public init(
        priced: PricedToken, limitPrice: PriceLevel? = nil, triggerPrice: PriceLevel? = nil, trailingBps: Int? = nil, minLiquidity: BaseUnits? = nil,
        timeInForce: TimeInForce = .gtc, expiresAt: UInt64? = nil
    ) {
        self.priced = priced
        self.limitPrice = limitPrice
        self.triggerPrice = triggerPrice
        self.trailingBps = trailingBps
        self.minLiquidity = minLiquidity
        self.timeInForce = timeInForce
        self.expiresAt = expiresAt
    }

    /// The side of the price from which a trigger of a type has to be reached.
    ///
    /// A seller's limit and take-profit are above the price, a seller's stop is below it. A buyer's are the other way round.
    public func condition(of type: OrderType) -> TriggerCondition {
        let isSale = priced == .tokenIn
        switch type {
        case .limit, .takeProfit: return isSale ? .above : .below
        case .market, .stop, .stopLimit, .trailingStop, .sniper: return isSale ? .below : .above
        }
    }
}

extension PriceTerms: StoredObject {
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("priced", priced.rawValue)
            $0.field("limitPrice", ifPresent: limitPrice)
            $0.field("triggerPrice", ifPresent: triggerPrice)
            $0.field("trailingBps", ifPresent: trailingBps)
            $0.field("minLiquidity", ifPresent: minLiquidity)
            $0.field("timeInForce", timeInForce.rawValue)
            $0.field("expiresAt", ifPresent: expiresAt)
        }
    }

    init(json: JSONValue) throws(RecordError) {
        let record = Record("terms", json)
        self.init(
            priced: try record.value("priced"), limitPrice: try record.optional("limitPrice"), triggerPrice: try record.optional("triggerPrice"),
            trailingBps: try record.optional("trailingBps", in: 1...10_000), minLiquidity: try record.optional("minLiquidity"),
            timeInForce: try record.value("timeInForce"), expiresAt: try record.optional("expiresAt"))
    }
}

extension PricedToken: RecordValue {}
extension TimeInForce: RecordValue {}
extension OrderType: RecordValue {}
