internal import JSON

/// Reads the entries of a token list one by one, and notes which entries it leaves out.
///
/// An entry has `symbol` (1 to 31 visible ASCII characters), the mint as `mint`, `address` or `id` (base58 of 32 bytes), `decimals` (0 to 18) and
/// perhaps `name`; other keys are ignored. Of two entries with the same symbol or mint, the first counts. Only the mint of wrapped SOL may be called
/// SOL. An order must never be executed in another token of the same name.
struct TokenListReader {
    private(set) var tokens: [Token] = []
    private(set) var problems: [String] = []
    /// Index into `tokens`.
    private(set) var bySymbol: [String: Int] = [:]
    private(set) var byMint: [String: Int] = [:]
    private var places: [String] = []

    mutating func take(_ entry: JSONValue, place: String) {
        guard let token = token(entry, place) else { return }
        let symbol = Self.folded(token.symbol)
        if symbol == "SOL" && token.mint != Token.wrappedSOL { return note(place, "symbol", "SOL is \(Token.wrappedSOL) alone") }
        if let first = bySymbol[symbol] { return note(place, "symbol", "\(token.symbol) is listed twice, first as \(places[first])") }
        if let first = byMint[token.mint] { return note(place, "mint", "\(token.mint) is listed twice, first as \(places[first])") }
        (bySymbol[symbol], byMint[token.mint]) = (tokens.count, tokens.count)
        tokens.append(token)
        places.append(place)
    }

    /// A symbol as it is compared: ASCII letters in upper case. Letters of other scripts stay, so that none is taken for an ASCII letter.
    static func folded(_ symbol: String) -> String {
        let upper = symbol.utf8.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 & ~0x20 : $0 }
        let text = String(decoding: upper, as: UTF8.self)
        return text == "WSOL" ? "SOL" : text
    }

    private mutating func token(_ entry: JSONValue, _ place: String) -> Token? {
        guard entry.object != nil else {
            problems.append("\(place): must be an object")
            return nil
        }
        let count = problems.count
        let symbol = entry["symbol"]?.string
        let mint = ["mint", "address", "id"].lazy.compactMap { entry[$0]?.string }.first.map(Token.wrapped)
        let decimals = entry["decimals"]?.integer
        if !(symbol.map(Self.isSymbol) ?? false) { note(place, "symbol", "must be 1 to 31 visible ASCII characters") }
        if !(mint.map(Token.isMint) ?? false) { note(place, "mint", "must be base58 of 32 bytes") }
        if !(decimals.map { (0...18).contains($0) } ?? false) { note(place, "decimals", "must be an integer from 0 to 18") }
        guard problems.count == count, let symbol, let mint, let decimals else { return nil }
        let name = entry["name"]?.string ?? ""
        return Token(symbol: symbol, name: name.isEmpty ? symbol : name, mint: mint, decimals: Int(decimals))
    }

    private static func isSymbol(_ text: String) -> Bool { (1...31).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }

    private mutating func note(_ place: String, _ field: String, _ rule: String) { problems.append("\(place).\(field): \(rule)") }
}
