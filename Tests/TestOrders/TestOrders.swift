public import Orders

extension Token {
    /// SOL, with 9 fraction digits.
    public static let sol = Token.sol
    /// USDC, with 6 fraction digits.
    public static let usdc = Token.usdc
}

extension UserID: ExpressibleByStringInterpolation {
    /// A user that a test names.
    public init(stringLiteral text: String) { self.init(stored: text) }
}
