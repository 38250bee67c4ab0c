/// An order as a client asks for it: checked, with defaults filled in, not yet accepted.
public struct OrderRequest: Sendable, Hashable {
    /// When an order must be submitted by, as the client said it.
    public enum Deadline: Sendable, Hashable {
        /// Unix milliseconds.
        case at(UInt64)
        /// Seconds from its acceptance.
        case after(seconds: Int)
    }

    /// What is sold.
    public let tokenIn: Token
    /// What is bought.
    public let tokenOut: Token
    /// How much is sold.
    public let amountIn: BaseUnits
    /// The slippage limit, 1 to 5,000.
    public let slippageBps: Int
    /// The slippage as a fraction, the text of the number as given.
    public let slippage: String
    /// Who asks; nil for none.
    public let userId: String?
    /// `market`.
    public let orderType: String
    /// The limit of time, where given.
    public let deadline: Deadline?
    /// The key under which this order exists once, from the header or the body's `clientOrderId`.
    public let idempotencyKey: String?
    /// Whether the client wrote `token_in`, so that it gets the answer of that dialect.
    public let usesSnakeCase: Bool

    /// What was asked for, in one canonical text, defaults filled in: equal for requests that mean the same. A relative deadline stays relative, so
    /// that a request sent again a second later is still the same.
    public var fingerprint: String {
        let limit =
            switch deadline {
            case nil: "-"
            case .at(let milliseconds): "@\(milliseconds)"
            case .after(let seconds): "+\(seconds)"
            }
        let owner = userId.map { "=" + $0 } ?? "-"
        return "\(orderType)|\(tokenIn.mint)|\(tokenOut.mint)|\(amountIn)|\(slippageBps)|\(limit)|\(owner)"
    }

    /// The order that this request becomes.
    ///
    /// - Parameters:
    ///   - now: Unix milliseconds; from here a relative deadline counts.
    ///   - maxAttempts: how often it is tried in all.
    public func order(id: OrderID, now: UInt64, maxAttempts: Int, traceparent: String? = nil) -> Order {
        let limit: UInt64? =
            switch deadline {
            case nil: nil
            case .at(let milliseconds): milliseconds
            case .after(let seconds): now + UInt64(seconds) * 1000
            }
        return Order(
            id: id, clientOrderId: idempotencyKey, userId: userId, orderType: orderType, tokenIn: tokenIn, tokenOut: tokenOut, amountIn: amountIn,
            slippageBps: slippageBps, slippage: slippage, deadline: limit, createdAt: now, traceparent: traceparent, maxAttempts: maxAttempts,
            fingerprint: fingerprint)
    }
}
