public import JSON

/// The most that one order may sell, for each token that may be sold.
///
/// There is no price of everything in one currency that an order could be measured by and that nobody could move. So each token has a maximum of its
/// own, in whole tokens. A token without one cannot be sold: else a limit on some tokens would leave all others without any.
public struct NotionalLimit: Sendable, Equatable {
    /// The maximum of one token.
    public struct Maximum: Sendable, Equatable {
        /// A symbol or a mint address.
        public let token: String
        /// Whole tokens, as decimal text.
        public let amount: String

        /// Nil if the amount is no decimal number above 0.
        public init?(token: String, amount: String) {
            guard let number = DecimalText(amount), !number.isNegative, !number.digits.isEmpty else { return nil }
            (self.token, self.amount) = (token, amount)
        }
    }

    /// How many tokens may have a maximum.
    public static let mostTokens = 1000

    public let maxima: [Maximum]

    public init(_ maxima: [Maximum]) { self.maxima = maxima }

    /// The most of a token that one order may sell; nil if it may not be sold.
    public func most(of token: Token, in tokens: TokenList) -> BaseUnits? {
        guard let maximum = maxima.first(where: { tokens.lookup($0.token)?.mint == token.mint }), let number = DecimalText(maximum.amount) else {
            return nil
        }
        return BaseUnits(number.floor(scale: token.decimals, upTo: .max).value)
    }
}

extension NotionalLimit: JSONWritable {
    /// Writes `{"SOL":"100"}`.
    public func write(to writer: inout JSONWriter) {
        writer.object { for maximum in maxima { $0.field(maximum.token, maximum.amount) } }
    }
}
