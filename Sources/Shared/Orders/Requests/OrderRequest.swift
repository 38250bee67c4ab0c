internal import JSON

/// An order as a client asks for it: checked, with defaults filled in, not yet accepted.
public struct OrderRequest: Sendable, Hashable {
    /// The time by which an order must be submitted, as the client gave it.
    public enum Deadline: Sendable, Hashable {
        /// Unix milliseconds.
        case at(UInt64)
        /// Seconds from its acceptance.
        case after(seconds: Int)
    }

    static let isPast = "must not be in the past"
    private static let longestDeadline: UInt64 = 86_400_000
    /// An order without an end waits for 90 days.
    static let longestWait: UInt64 = 90 * 86_400_000

    /// The token that is sold.
    public let tokenIn: Token
    /// The token that is bought.
    public let tokenOut: Token
    /// The amount that is sold.
    public let amountIn: BaseUnits
    /// The slippage limit, 1 to 5,000.
    public let slippageBps: Int
    /// The user that the order is for; nil for none.
    public var userId: UserID?
    public let orderType: OrderType
    /// The prices of an order that is not a market order; nil for a market order.
    private let terms: PriceTerms?
    /// When the order no longer waits, if given.
    private let expiry: Deadline?
    /// Whether it may be placed although its price is reached already.
    public let allowsImmediate: Bool
    /// The orders that are placed when this one fills.
    public let then: [OrderRequest]
    /// The time limit, if given.
    public let deadline: Deadline?
    /// The key under which this order exists once, from the header or the body's `clientOrderId`.
    public var idempotencyKey: String?

    init(
        tokenIn: Token, tokenOut: Token, amountIn: BaseUnits, slippageBps: Int, terms given: GivenTerms, deadline: Deadline?, allowsImmediate: Bool,
        then: [OrderRequest]
    ) {
        (self.tokenIn, self.tokenOut, self.amountIn, self.slippageBps) = (tokenIn, tokenOut, amountIn, slippageBps)
        (self.deadline, self.allowsImmediate, self.then) = (deadline, allowsImmediate, then)
        (orderType, expiry) = (given.type, given.expiresAt)
        terms = given.priced.map {
            PriceTerms(
                priced: $0, limitPrice: given.limitPrice, triggerPrice: given.triggerPrice, trailingBps: given.trailingBps,
                minLiquidity: given.minLiquidity, timeInForce: given.timeInForce)
        }
    }

    /// The floor of its limit price; nil if it has none.
    var floor: PriceFloor? {
        terms.flatMap { terms in
            terms.limitPrice.map {
                PriceFloor($0, priced: terms.priced, inputDecimals: tokenIn.decimals, outputDecimals: tokenOut.decimals)
            }
        }
    }

    /// Whether it waits once it is accepted.
    public var waits: Bool { orderType != .market && !(orderType == .limit && terms?.timeInForce.isImmediate == true) }

    /// The trigger by which two orders of a pair are compared; nil if the order has none.
    var trigger: Trigger? {
        terms.flatMap { terms in
            (orderType.needsTriggerPrice ? terms.triggerPrice : terms.limitPrice).map { Trigger(terms.condition(of: orderType), $0) }
        }
    }

    /// The slippage as a fraction, in the shortest form.
    public var slippage: String { DecimalText.shortest(UInt128(slippageBps), decimals: 4) }

    /// The request in one canonical text, with defaults filled in. Requests that mean the same have equal texts. A relative deadline stays relative,
    /// so that a request that is sent again a second later is still the same.
    public var fingerprint: String {
        let owner = userId.map { "=" + $0.text } ?? "-"
        let market = "\(orderType.rawValue)|\(tokenIn.mint)|\(tokenOut.mint)|\(amountIn)|\(slippageBps)|\(Self.text(deadline))|\(owner)"
        guard terms != nil || !then.isEmpty else { return market }
        return ([market, terms.map { JSONWriter.value($0) } ?? "-", Self.text(expiry)] + then.map(\.fingerprint)).joined(separator: "|")
    }

    /// The canonical text of what is asked for under one key: that of the order, or that of a pair with both orders. So neither one order of a pair
    /// nor a pair with another second order passes for the pair.
    public static func fingerprint(of requests: [OrderRequest]) -> String {
        requests.count == 1 ? requests[0].fingerprint : (["oco"] + requests.map(\.fingerprint)).joined(separator: "|")
    }

    private static func text(_ limit: Deadline?) -> String {
        switch limit {
        case nil: "-"
        case .at(let milliseconds): "@\(milliseconds)"
        case .after(let seconds): "+\(seconds)"
        }
    }

    /// What is wrong with the order at this time; nil if its deadline is ahead or if it has none. A request that was accepted before is not checked
    /// again.
    ///
    /// - Parameter now: Unix milliseconds.
    public func refusal(at now: UInt64) -> RequestRefusal? {
        let errors =
            Self.errors("deadline", deadline, at: now, upTo: Self.longestDeadline, "24 hours")
            + Self.errors("expiresAt", expiry, at: now, upTo: Self.longestWait, "90 days") + then.flatMap { $0.refusal(at: now)?.errors ?? [] }
        return errors.isEmpty ? nil : RequestRefusal(errors: errors)
    }

    static func errors(_ field: String, _ limit: Deadline?, at now: UInt64, upTo longest: UInt64, _ words: String) -> [FieldError] {
        guard case .at(let time) = limit else { return [] }
        if time <= now { return [FieldError(field: field, message: "\(field) \(isPast)")] }
        return time - now > longest ? [FieldError(field: field, message: "\(field) must be at most \(words) ahead")] : []
    }

    /// The order that this request becomes.
    ///
    /// - Parameters:
    ///   - now: Unix milliseconds. A relative deadline counts from here.
    ///   - maxAttempts: how many attempts the order may have.
    ///   - owner: whose it is; nil for nobody's.
    ///   - oco: the other order of its pair; nil for none.
    ///   - fingerprint: that of the pair; nil for the request's own.
    ///   - newID: makes the ids of the orders that follow.
    public func order(
        id: OrderID, now: UInt64, maxAttempts: Int, owner: Owner? = nil, traceparent: String? = nil, oco: OrderID? = nil,
        fingerprint: String? = nil, newID: () -> OrderID
    ) -> Order {
        var terms = terms
        if waits {
            terms?.expiresAt = Self.moment(expiry, after: now) ?? now + Self.longestWait
        }
        return Order(
            id: id, clientOrderId: idempotencyKey, userId: userId, owner: owner, orderType: orderType, terms: terms, oco: oco,
            then: following(now: now, maxAttempts: maxAttempts, owner, traceparent, newID), tokenIn: tokenIn, tokenOut: tokenOut, amountIn: amountIn,
            slippageBps: slippageBps, slippage: slippage, deadline: Self.moment(deadline, after: now), createdAt: now, traceparent: traceparent,
            maxAttempts: maxAttempts, fingerprint: fingerprint ?? self.fingerprint)
    }

    private func following(now: UInt64, maxAttempts: Int, _ owner: Owner?, _ traceparent: String?, _ newID: () -> OrderID) -> [Order] {
        let ids = then.map { _ in newID() }
        return then.indices.map { index in
            var request = then[index]
            request.userId = userId
            return request.order(
                id: ids[index], now: now, maxAttempts: maxAttempts, owner: owner, traceparent: traceparent,
                oco: ids.count == 2 ? ids[1 - index] : nil,
                newID: newID)
        }
    }

    static func moment(_ limit: Deadline?, after now: UInt64) -> UInt64? {
        switch limit {
        case nil: nil
        case .at(let milliseconds): milliseconds
        case .after(let seconds): now + UInt64(seconds) * 1000
        }
    }
}
