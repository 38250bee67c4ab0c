public import JSON

/// The tokens the engine knows, in the order of the file.
public struct TokenList: Sendable, Equatable {
    /// All tokens.
    public let tokens: [Token]
    private let bySymbol: [String: Int]
    private let byMint: [String: Int]

    /// Reads `config/tokens.json`: an array of `{"symbol","name","mint","decimals"}`; other keys are ignored.
    ///
    /// - Throws: every mistake at once, each with its place.
    public init(bytes: [UInt8]) throws(TokenListError) {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(bytes) } catch { throw TokenListError(problems: [error.message]) }
        try self.init(json: value)
    }

    /// Reads the parsed list; see `init(bytes:)`.
    public init(json: JSONValue) throws(TokenListError) {
        guard let entries = json.array, !entries.isEmpty else {
            throw TokenListError(problems: ["tokens: must be a list with at least one token"])
        }
        var problems: [String] = []
        var tokens: [Token] = []
        var bySymbol: [String: Int] = [:]
        var byMint: [String: Int] = [:]
        for (index, entry) in entries.enumerated() {
            let place = "tokens[\(index)]"
            guard let token = Self.token(entry, place, &problems) else { continue }
            if bySymbol.updateValue(tokens.count, forKey: Self.folded(token.symbol)) != nil {
                problems.append("\(place).symbol: \(token.symbol) is listed twice")
            }
            if byMint.updateValue(tokens.count, forKey: token.mint) != nil {
                problems.append("\(place).mint: \(token.mint) is listed twice")
            }
            tokens.append(token)
        }
        guard problems.isEmpty else { throw TokenListError(problems: problems) }
        (self.tokens, self.bySymbol, self.byMint) = (tokens, bySymbol, byMint)
    }

    /// The token of a symbol, in any case, or of a mint address. `WSOL` is SOL.
    ///
    /// Other than ASCII is no token: a dictionary of texts would take U+212A, the sign of kelvin, for a K.
    public func lookup(_ symbolOrMint: String) -> Token? {
        guard symbolOrMint.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let index =
            if symbolOrMint.utf8.count >= 32 { byMint[symbolOrMint] } else { bySymbol[Self.folded(symbolOrMint)] }
        return index.map { tokens[$0] }
    }

    /// A symbol as it is compared: ASCII letters in upper case, so that no letter of another script is taken for one of them.
    private static func folded(_ symbol: String) -> String {
        let upper = symbol.utf8.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 & ~0x20 : $0 }
        let text = String(decoding: upper, as: UTF8.self)
        return text == "WSOL" ? "SOL" : text
    }

    private static func token(_ entry: JSONValue, _ place: String, _ problems: inout [String]) -> Token? {
        guard entry.object != nil else {
            problems.append("\(place): must be an object")
            return nil
        }
        let symbol = entry["symbol"]?.string
        let name = entry["name"]?.string
        let mint = entry["mint"]?.string
        let decimals = entry["decimals"]?.integer
        let isSymbol = symbol.map { (1...31).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } } ?? false
        let count = problems.count
        if !isSymbol { problems.append("\(place).symbol: must be 1 to 31 visible ASCII characters") }
        if name?.isEmpty ?? true { problems.append("\(place).name: must be a text") }
        if !(mint.map(Token.isMint) ?? false) { problems.append("\(place).mint: must be base58 of 32 bytes") }
        if !(decimals.map { (0...18).contains($0) } ?? false) { problems.append("\(place).decimals: must be an integer from 0 to 18") }
        guard problems.count == count, let symbol, let name, let mint, let decimals else { return nil }
        return Token(symbol: symbol, name: name, mint: mint, decimals: Int(decimals))
    }
}

/// What is wrong with a token list.
public struct TokenListError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Every mistake, each beginning with its place, for example `tokens[3].mint: must be base58 of 32 bytes`.
    public let problems: [String]

    /// All mistakes in one line; safe to log.
    public var description: String { problems.joined(separator: "; ") }
}
