/// What one user may order; nil for no limit.
public struct UserLimitSettings: Sendable, Equatable {
    public let openOrders: Int?
    public let ordersPerMinute: Int?
    /// The most that one order may sell of each token.
    public let notional: [TokenAmount]?
    /// Whether the orders of a user are counted.
    public var countsOrders: Bool { openOrders != nil || ordersPerMinute != nil }

    public init(reading reader: inout SettingsReader) {
        openOrders = reader.value(Settings.userOpenOrders)
        ordersPerMinute = reader.value(Settings.userOrdersPerMinute)
        notional = reader.value(Settings.orderNotional)
    }
}

/// An amount of a token, as an operator has written both.
public struct TokenAmount: Sendable, Equatable {
    /// A symbol or a mint address.
    public let token: String
    /// Whole tokens: digits, perhaps with a point.
    public let amount: String
}

extension Setting where Value == [TokenAmount]? {
    /// Amounts of tokens, as in `SOL=100,USDC=20000`, or nothing.
    static func amounts(_ name: String, _ meaning: String) -> Setting {
        let allowed = "amounts such as SOL=100,USDC=20000.5"
        return Setting(name, fallback: nil, shownAs: "none", allowed: allowed, meaning: meaning) { text throws(SettingRefusal) in
            var amounts: [TokenAmount] = []
            for item in text.split(separator: ",", omittingEmptySubsequences: false) {
                let sides = item.split(separator: "=", omittingEmptySubsequences: false).map { String($0.filter { $0 != " " }) }
                guard sides.count == 2, isToken(sides[0]), isAmount(sides[1]) else {
                    throw SettingRefusal(message: "must be \(allowed), each above 0")
                }
                guard !amounts.contains(where: { $0.token == sides[0] }) else { throw SettingRefusal(message: "must name each token once") }
                amounts.append(TokenAmount(token: sides[0], amount: sides[1]))
            }
            return amounts
        }
    }

    private static func isToken(_ text: String) -> Bool { 1...64 ~= text.utf8.count && text.utf8.allSatisfy { 0x21...0x7E ~= $0 } }

    /// Digits, perhaps with a point between them, and not all of them 0.
    private static func isAmount(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 40 && parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { $0 &- 0x30 < 10 } }
            && text.utf8.contains { 0x31...0x39 ~= $0 }
    }
}
