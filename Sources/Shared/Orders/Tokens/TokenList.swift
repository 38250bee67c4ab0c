public import JSON

/// The tokens the engine knows, in the order of the file.
public struct TokenList: Sendable, Equatable {
    public let tokens: [Token]
    /// The mistakes of the entries that were left out, each with its place, for example `tokens[3].mint: must be base58 of 32 bytes`.
    public let leftOut: [String]
    /// How many entries of the file were left out. One entry may have several mistakes.
    public let leftOutCount: Int
    private let bySymbol: [String: Int]
    private let byMint: [String: Int]

    /// Reads a token list: an array of objects, or an object with such an array as `tokens`; see ``TokenListReader`` for an entry. Real lists have
    /// entries that cannot be used or cannot be told apart. These are left out, so that the others can be traded.
    ///
    /// - Throws: the mistakes, if no entry can be used.
    public init(bytes: [UInt8]) throws(TokenListError) {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(ListFile.text(bytes)) } catch { throw TokenListError(problems: [error.message]) }
        try self.init(json: value)
    }

    public init(json: JSONValue) throws(TokenListError) {
        guard let entries = json.array ?? json["tokens"]?.array, !entries.isEmpty else {
            throw TokenListError(problems: ["tokens: must be a list with at least one token"])
        }
        var reader = TokenListReader()
        for (index, entry) in entries.enumerated() { reader.take(entry, place: "tokens[\(index)]") }
        guard !reader.tokens.isEmpty else { throw TokenListError(problems: reader.problems) }
        (tokens, leftOut, bySymbol, byMint) = (reader.tokens, reader.problems, reader.bySymbol, reader.byMint)
        leftOutCount = entries.count - reader.tokens.count
    }

    /// The token of a symbol in any case, or of a mint address. `WSOL` and the addresses that stand for native SOL are SOL.
    ///
    /// A text with other than ASCII characters is no token: a dictionary of texts would take U+212A, the sign of kelvin, for a K.
    public func lookup(_ symbolOrMint: String) -> Token? {
        guard symbolOrMint.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let index =
            if symbolOrMint.utf8.count >= 32 { byMint[Token.wrapped(symbolOrMint)] } else { bySymbol[TokenListReader.folded(symbolOrMint)] }
        return index.map { tokens[$0] }
    }
}

/// The mistakes of a token list that cannot be used.
public struct TokenListError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Every mistake with its place, for example `tokens[3].mint: must be base58 of 32 bytes`.
    public let problems: [String]

    /// The first mistakes in one line; safe to log.
    public var description: String { ListFile.first(of: problems) }
}
