public import Orders

extension Token {
    /// SOL, with 9 fraction digits.
    public static let sol = Token(symbol: "SOL", name: "Solana", mint: "So11111111111111111111111111111111111111112", decimals: 9)
    /// USDC, with 6 fraction digits.
    public static let usdc = Token(symbol: "USDC", name: "USD Coin", mint: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", decimals: 6)
}

extension UserID: ExpressibleByStringInterpolation {
    /// A user that a test names.
    public init(stringLiteral text: String) { self.init(stored: text) }
}
