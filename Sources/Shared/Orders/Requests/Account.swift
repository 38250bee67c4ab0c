/// Whose orders count together against the limits of a user: those of one owner. Where the engine has no API keys no order has an owner, so those of
/// one user do, as the clients name them, and all that name none.
public struct Account: ExactText {
    public let text: String

    public init(owner: Owner?, user: UserID?) {
        // No owner begins like this.
        text = owner?.text ?? "anyone/" + (user?.text ?? "")
    }
}

/// How many orders an account may have; nil for any number.
public struct AccountLimits: Sendable, Equatable {
    public let account: Account
    /// Orders that have not ended.
    public let openOrders: Int?
    /// Orders that were accepted within a minute, however that minute is chosen.
    public let ordersPerMinute: Int?

    /// Nil if there is no limit.
    public init?(_ account: @autoclosure () -> Account, openOrders: Int?, ordersPerMinute: Int?) {
        guard openOrders != nil || ordersPerMinute != nil else { return nil }
        (self.account, self.openOrders, self.ordersPerMinute) = (account(), openOrders, ordersPerMinute)
    }
}
