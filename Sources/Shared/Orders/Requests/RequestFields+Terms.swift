import JSON

/// The members of an order that waits for a price, as they were given.
struct GivenTerms {
    let type: OrderType
    var limitPrice: PriceLevel?
    var triggerPrice: PriceLevel?
    var priced: PricedToken?
    var trailingBps: Int?
    var minLiquidity: BaseUnits?
    var timeInForce = TimeInForce.gtc
    var expiresAt: OrderRequest.Deadline?
}

extension RequestFields {
    /// 90 days, in seconds.
    private static let longestWait: UInt64 = 90 * 86_400

    /// Reads `orderType`; `market` if it is not given.
    mutating func takeOrderType() -> OrderType {
        guard let given = take(.orderType) else { return .market }
        guard let type = given.value.string.flatMap(OrderType.init(naming:)) else {
            refuse(given.name, "must be one of \(OrderType.names)")
            return .market
        }
        return type
    }

    /// Reads all members of an order that is not a market order. A market order has none of them.
    mutating func takeTerms(of type: OrderType, _ tokenIn: Token?, _ tokenOut: Token?) -> GivenTerms {
        var terms = GivenTerms(type: type)
        terms.limitPrice = takePrice(.limitPrice, isWanted: type.needsLimitPrice, isAllowed: type.allowsLimitPrice, type)
        terms.triggerPrice = takePrice(.triggerPrice, isWanted: type.needsTriggerPrice, isAllowed: type.needsTriggerPrice, type)
        terms.priced = takePriced(type, tokenIn, tokenOut)
        terms.trailingBps = takeTrailing(type)
        terms.minLiquidity = takeMinLiquidity(type, tokenIn)
        terms.timeInForce = takeTimeInForce(type, hasLimit: terms.limitPrice != nil)
        terms.expiresAt = takeExpiry(type, terms.timeInForce)
        checkCondition(type, terms.priced)
        return terms
    }

    /// A member that only some types have; nil if it is not given, or not allowed.
    private mutating func take(_ member: OrderMember, isWanted: Bool = false, isAllowed: Bool, _ type: OrderType) -> Given? {
        let given = take(member)
        if given == nil, isWanted { refuseTerm(member.rawValue, "is required for an order of the type \(type.rawValue)") }
        if let given, !isAllowed {
            let advice =
                type == .market ? "is for orders that wait: give an orderType such as limit" : "is not for orders of the type \(type.rawValue)"
            refuse(given.name, advice)
            return nil
        }
        return given
    }

    mutating func takePrice(_ member: OrderMember, isWanted: Bool = false, isAllowed: Bool, _ type: OrderType) -> PriceLevel? {
        guard let given = take(member, isWanted: isWanted, isAllowed: isAllowed, type) else { return nil }
        let text = given.value.string ?? given.value.number ?? ""
        if let price = try? PriceLevel(decimal: text) { return price }
        refuse(given.name, "must be a price above 0 as decimal text, with at most 18 digits after the point")
        return nil
    }

    /// Whose price it is. By default that of the token that prices are not usually given in.
    private mutating func takePriced(_ type: OrderType, _ tokenIn: Token?, _ tokenOut: Token?) -> PricedToken? {
        let given = take(.priceToken, isAllowed: type.waits, type)
        guard let tokenIn, let tokenOut, type.waits else { return nil }
        guard let given else {
            if let priced = PricedToken(sold: tokenIn, bought: tokenOut) { return priced }
            refuse("priceToken", "is required: it says whose price it is, \(tokenIn.symbol) or \(tokenOut.symbol)")
            return nil
        }
        if let text = given.value.string {
            if text == tokenIn.symbol || text == tokenIn.mint { return .tokenIn }
            if text == tokenOut.symbol || text == tokenOut.mint { return .tokenOut }
        }
        refuse(given.name, "must be one of the two tokens of the order, \(tokenIn.symbol) or \(tokenOut.symbol)")
        return nil
    }

    mutating func takeTrailing(_ type: OrderType, isWanted: Bool = true) -> Int? {
        guard let given = take(.trailingBps, isWanted: isWanted && type == .trailingStop, isAllowed: type == .trailingStop, type) else { return nil }
        if let bps = Self.decimal(given.value).flatMap({ try? $0.scaled(by: 0) }), 10...9000 ~= bps { return Int(bps) }
        refuse(given.name, "must be a whole number from 10 to 9000: basis points, 200 is 2 %")
        return nil
    }

    private mutating func takeMinLiquidity(_ type: OrderType, _ tokenIn: Token?) -> BaseUnits? {
        guard let given = take(.minLiquidity, isAllowed: type == .sniper, type), let tokenIn else { return nil }
        let text = given.value.string ?? given.value.number ?? ""
        if let amount = try? BaseUnits(decimal: text, decimals: tokenIn.decimals) { return amount }
        refuse(given.name, "must be an amount of \(tokenIn.symbol) that the market must be able to take")
        return nil
    }

    private mutating func takeTimeInForce(_ type: OrderType, hasLimit: Bool) -> TimeInForce {
        guard let given = take(.timeInForce, isAllowed: type.waits, type) else { return .gtc }
        let name = given.value.string.map { OrderVocabulary.fold($0) }
        guard let time = TimeInForce.allCases.first(where: { Array($0.rawValue.utf8) == name }) else {
            refuse(given.name, "must be \"gtc\", \"gtd\", \"ioc\" or \"fok\"")
            return .gtc
        }
        if time.isImmediate, !hasLimit { refuse(given.name, "can be \(time.rawValue) only with a limitPrice") }
        return time
    }

    mutating func takeExpiry(_ type: OrderType, _ force: TimeInForce) -> OrderRequest.Deadline? {
        guard let given = take(.expiresAt, isAllowed: type.waits, type) else {
            if force == .gtd { refuseTerm("expiresAt", "is required with the timeInForce gtd") }
            return nil
        }
        if type == .limit, force.isImmediate {
            refuse(given.name, "is not for orders that are tried at once (\(force.rawValue))")
            return nil
        }
        return time(given, upTo: Self.longestWait, past: OrderRequest.isPast)
    }

    /// The side from which the price is reached follows from type and direction. Who gives another one has meant another order.
    private mutating func checkCondition(_ type: OrderType, _ priced: PricedToken?) {
        guard let given = take(.triggerCondition, isAllowed: type.waits && type != .sniper, type) else { return }
        guard let condition = given.value.string.flatMap(TriggerCondition.init(rawValue:)) else {
            refuse(given.name, "must be \"above\" or \"below\"")
            return
        }
        guard let priced else { return }
        let right = PriceTerms(priced: priced).condition(of: type)
        if condition != right {
            refuseTerm(
                given.name, "must be \(right.rawValue): so a \(type.rawValue) of this direction is reached; another type waits on the other side")
        }
    }

    /// Reads a flag; false if it is not given.
    mutating func takeFlag(_ member: OrderMember) -> Bool {
        guard let given = take(member) else { return false }
        if let flag = given.value.bool { return flag }
        refuse(given.name, "must be true or false")
        return false
    }
}

extension PricedToken {
    /// Tokens in which prices are given, the most usual first.
    private static let quoteTokens = ["USDC", "USDT", "SOL"]

    /// The token of a pair in which prices are not given; nil if neither of the two is one in which they are.
    init?(sold: Token, bought: Token) {
        func rank(_ token: Token) -> Int { Self.quoteTokens.firstIndex(of: token.symbol) ?? Self.quoteTokens.count }
        guard rank(sold) != rank(bought) else { return nil }
        self = rank(sold) > rank(bought) ? .tokenIn : .tokenOut
    }
}
