internal import JSON

/// What a client wants to be different in an order that waits: a member that is not given stays as it is.
public struct Amendment: Sendable, Hashable {
    var limitPrice: PriceLevel?
    var triggerPrice: PriceLevel?
    var trailingBps: Int?
    var slippageBps: Int?
    var expiry: OrderRequest.Deadline?
    /// Whether the new price may be reached already.
    public var allowsImmediate = false

    /// The order with the changes.
    ///
    /// - Parameter now: Unix ms; a relative end counts from here.
    public func applied(to order: Order, now: UInt64) -> Order {
        var order = order
        if var terms = order.terms {
            terms.limitPrice = limitPrice ?? terms.limitPrice
            terms.triggerPrice = triggerPrice ?? terms.triggerPrice
            terms.trailingBps = trailingBps ?? terms.trailingBps
            terms.expiresAt = OrderRequest.moment(expiry, after: now) ?? terms.expiresAt
            order.terms = terms
        }
        if let slippageBps {
            order.slippageBps = slippageBps
            order.slippage = DecimalText.shortest(UInt128(slippageBps), decimals: 4)
        }
        return order
    }

    /// What changes, in words: `limit price 181 USDC, expires 2026-12-01T00:00:00.000Z`.
    public func words(for order: Order, now: UInt64) -> String {
        var parts: [String] = []
        if let limitPrice { parts.append("limit price \(order.words(limitPrice))") }
        if let triggerPrice { parts.append("trigger price \(order.words(triggerPrice))") }
        if let trailingBps { parts.append("trailing \(DecimalText.shortest(UInt128(trailingBps), decimals: 2)) %") }
        if let slippageBps { parts.append("slippage \(DecimalText.shortest(UInt128(slippageBps), decimals: 2)) %") }
        if let end = OrderRequest.moment(expiry, after: now) { parts.append("expires \(Timestamp.text(milliseconds: end))") }
        return "Order amended: " + parts.joined(separator: ", ")
    }

    /// What is wrong with it at this time; nil if nothing is.
    public func refusal(at now: UInt64) -> RequestRefusal? {
        let errors = OrderRequest.errors("expiresAt", expiry, at: now, upTo: OrderRequest.longestWait, "90 days")
        return errors.isEmpty ? nil : RequestRefusal(errors: errors)
    }
}

/// Which price an amended order waits for.
public enum AmendedWait: Sendable, Hashable {
    /// The one that it waits for now. Its terms may say another one: an order that rests waits for the price at which its size would fill.
    case same
    /// Its limit price: it has fired before, and its trigger no longer counts.
    case limit
    /// The one that its terms say, as if it were new.
    case terms
}

extension Amendment {
    /// Which price an order waits for once it is amended. Its end and its slippage say nothing about that. The limit price of an order with a trigger
    /// says something only after the trigger was reached.
    ///
    /// - Parameter present: what the order waits for now; nil if that is no price.
    public func wait(of order: Order, at present: Trigger?) -> AmendedWait {
        if triggerPrice != nil || trailingBps != nil { return .terms }
        guard limitPrice != nil else { return .same }
        guard order.terms?.triggerPrice != nil else { return .terms }
        guard let present, .price(present) != order.waiting(at: nil) else { return .same }
        return .limit
    }
}

/// The body of `PATCH /api/orders/{id}`, read and checked.
public struct AmendReading: Sendable {
    /// The changes, or every mistake in the request at once.
    public let result: Result<Amendment, RequestRefusal>

    /// Reads a body.
    ///
    /// - Parameter order: the order that is amended. Its type cannot change, and decides what can.
    public init(body: [UInt8], order: Order, vocabulary: OrderVocabulary = .own) {
        do throws(RequestRefusal) {
            var fields = RequestFields(try RequestReading.object(body), vocabulary)
            let amendment = fields.amendment(of: order)
            if let refusal = fields.refusal { throw refusal }
            result = .success(amendment)
        } catch {
            result = .failure(error)
        }
    }
}

extension RequestFields {
    private static let amendable: [OrderMember] = [
        .limitPrice, .triggerPrice, .trailingBps, .slippage, .slippageBps, .expiresAt, .allowImmediate,
    ]

    fileprivate mutating func amendment(of order: Order) -> Amendment {
        let type = order.orderType
        for member in OrderMember.allCases where !Self.amendable.contains(member) {
            if let given = take(member) { refuse(given.name, "cannot be amended: cancel the order and place another one") }
        }
        var amendment = Amendment()
        amendment.limitPrice = takePrice(.limitPrice, isAllowed: type.allowsLimitPrice, type)
        amendment.triggerPrice = takePrice(.triggerPrice, isAllowed: type.needsTriggerPrice, type)
        amendment.trailingBps = takeTrailing(type, isWanted: false)
        amendment.slippageBps = takeSlippage(amending: type)
        amendment.expiry = takeExpiry(type, .gtc)
        amendment.allowsImmediate = takeFlag(.allowImmediate)
        judgeUnknown()
        let isEmpty = amendment == Amendment(allowsImmediate: amendment.allowsImmediate)
        if let floor = amendment.applied(to: order, now: 0).floor, floor.leastOut(for: order.amountIn) == nil {
            refuseTerm("limitPrice", "asks for more of \(order.tokenOut.symbol) than there can be")
        }
        if errors.isEmpty, isEmpty { refuse("*", "stands for nothing to amend: give a price, trailingBps, slippage or expiresAt") }
        return amendment
    }
}
