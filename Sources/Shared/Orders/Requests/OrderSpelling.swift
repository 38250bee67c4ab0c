/// The meaning of a member of an order's body. The raw values are the engine's own names.
public enum OrderMember: String, CaseIterable, Sendable {
    /// The token that is sold.
    case tokenIn
    /// The token that is bought.
    case tokenOut
    /// How much is sold.
    case amount
    /// The slippage limit, a fraction.
    case slippage
    /// The slippage limit in basis points.
    case slippageBps
    /// The user who asks.
    case userId
    /// `market`, `limit` and so on.
    case orderType
    case deadline
    case clientOrderId
    /// The worst price at which the order may fill.
    case limitPrice
    /// The price that wakes the order.
    case triggerPrice
    /// Whose price these are.
    case priceToken
    /// From which side the trigger price is reached.
    case triggerCondition
    /// How far a trailing trigger follows behind the best price.
    case trailingBps
    /// How long a limit is tried.
    case timeInForce
    /// When the order no longer waits.
    case expiresAt
    /// What the pair must be able to take before a sniper's order is executed.
    case minLiquidity
    /// Whether a price that is reached already is all right.
    case allowImmediate
    /// The order that is placed when this one fills.
    case then

    /// Whether a plain market order has no such member.
    var isOfTerms: Bool {
        switch self {
        case .tokenIn, .tokenOut, .amount, .slippage, .slippageBps, .userId, .orderType, .deadline, .clientOrderId: false
        case .limitPrice, .triggerPrice, .priceToken, .triggerCondition, .trailingBps, .timeInForce, .expiresAt, .minLiquidity, .allowImmediate,
            .then:
            true
        }
    }
}

/// The names that the clients of a dialect use for the members of an order, beside the engine's own.
public struct OrderSpelling: Sendable {
    let names: [OrderMember: String]
    let requiresUser: Bool
    let minSlippageBps: Int

    /// - Parameters:
    ///   - requiresUser: whether an order that names a token in this spelling must name its user.
    ///   - minSlippageBps: the minimum that may be given under this spelling's name for `slippage`.
    public init(_ names: [OrderMember: String] = [:], requiresUser: Bool = false, minSlippageBps: Int = 1) {
        self.names = names
        self.requiresUser = requiresUser
        self.minSlippageBps = minSlippageBps
    }
}
