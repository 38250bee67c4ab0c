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
    /// `market`.
    public let orderType: String
    /// The time limit, if given.
    public let deadline: Deadline?
    /// The key under which this order exists once, from the header or the body's `clientOrderId`.
    public let idempotencyKey: String?

    /// The slippage as a fraction, in the shortest form.
    public var slippage: String { DecimalText.shortest(UInt128(slippageBps), decimals: 4) }

    /// The request in one canonical text, with defaults filled in. Requests that mean the same have equal texts. A relative deadline stays relative,
    /// so that a request that is sent again a second later is still the same.
    public var fingerprint: String {
        let limit =
            switch deadline {
            case nil: "-"
            case .at(let milliseconds): "@\(milliseconds)"
            case .after(let seconds): "+\(seconds)"
            }
        let owner = userId.map { "=" + $0.text } ?? "-"
        return "\(orderType)|\(tokenIn.mint)|\(tokenOut.mint)|\(amountIn)|\(slippageBps)|\(limit)|\(owner)"
    }

    /// What is wrong with the order at this time; nil if its deadline is ahead or if it has none. A request that was accepted before is not checked
    /// again.
    ///
    /// - Parameter now: Unix milliseconds.
    public func refusal(at now: UInt64) -> RequestRefusal? {
        guard case .at(let time) = deadline else { return nil }
        let reason: String
        if time <= now {
            reason = Self.isPast
        } else if time - now > Self.longestDeadline {
            reason = "must be at most 24 hours ahead"
        } else {
            return nil
        }
        return RequestRefusal(errors: [FieldError(field: "deadline", message: "deadline \(reason)")])
    }

    /// The order that this request becomes.
    ///
    /// - Parameters:
    ///   - now: Unix milliseconds. A relative deadline counts from here.
    ///   - maxAttempts: how many attempts the order may have.
    ///   - owner: whose it is; nil for nobody's.
    public func order(id: OrderID, now: UInt64, maxAttempts: Int, owner: Owner? = nil, traceparent: String? = nil) -> Order {
        let limit: UInt64? =
            switch deadline {
            case nil: nil
            case .at(let milliseconds): milliseconds
            case .after(let seconds): now + UInt64(seconds) * 1000
            }
        return Order(
            id: id, clientOrderId: idempotencyKey, userId: userId, owner: owner, orderType: orderType, tokenIn: tokenIn, tokenOut: tokenOut,
            amountIn: amountIn, slippageBps: slippageBps, slippage: slippage, deadline: limit, createdAt: now, traceparent: traceparent,
            maxAttempts: maxAttempts, fingerprint: fingerprint)
    }
}
