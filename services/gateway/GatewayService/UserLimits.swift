internal import Access
internal import Configuration
internal import HTTP
internal import Orders
internal import ServiceKit

/// What one user may order: the limits of the settings, or those of a key in their place.
struct UserLimits {
    private let openOrders: Int?
    private let ordersPerMinute: Int?
    private let notional: NotionalLimit?
    private let tokens: TokenList

    /// Throws if a token is not known.
    init(_ settings: UserLimitSettings, tokens: TokenList) throws(StartError) {
        (openOrders, ordersPerMinute, self.tokens) = (settings.openOrders, settings.ordersPerMinute, tokens)
        if let unknown = settings.notional?.first(where: { tokens.lookup($0.token) == nil }) {
            throw StartError("ORDER_NOTIONAL_MAX names a token that TOKENS_FILE does not have: \(unknown.token)")
        }
        notional = settings.notional.map { NotionalLimit($0.compactMap { NotionalLimit.Maximum(token: $0.token, amount: $0.amount) }) }
    }

    /// Refuses an order that sells too much, or that is followed by one that does. Nobody looks at those that follow once they are placed.
    func check(_ request: OrderRequest, of principal: Principal) throws(Problem) {
        guard let limit = principal.limits.notional ?? notional else { return }
        try check(request, limit, prefix: "")
    }

    private func check(_ request: OrderRequest, _ limit: NotionalLimit, prefix: String) throws(Problem) {
        let token = request.tokenIn
        guard let maximum = limit.most(of: token, in: tokens) else { throw .notSold(token.symbol, field: prefix + "tokenIn") }
        let most = "\(maximum.decimalText(decimals: token.decimals)) \(token.symbol)"
        // It would sell all that comes in, and how much that is nobody knows yet.
        if request.amountIn.value == 0 { throw .followerWithoutAmount(most, field: prefix + "amount") }
        if request.amountIn > maximum { throw .orderTooLarge(most, field: prefix + "amount") }
        for next in request.then { try check(next, limit, prefix: prefix + "then.") }
    }

    /// How many orders the account of an order may have; nil without a limit.
    func counts(_ principal: Principal, user: UserID?) -> AccountLimits? {
        AccountLimits(
            Account(owner: principal.owner, user: user), openOrders: principal.limits.openOrders ?? openOrders,
            ordersPerMinute: principal.limits.ordersPerMinute ?? ordersPerMinute)
    }
}
