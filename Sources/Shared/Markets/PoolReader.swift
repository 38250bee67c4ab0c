internal import JSON
internal import Orders

/// Reads one entry of a pool list and collects what is wrong with it.
struct PoolReader {
    /// Far above any real fee; a fee beyond it is a mistake of unit.
    private static let highestFeePpm = 100_000

    private let entry: JSONValue
    private let place: String
    private let tokens: TokenList
    private(set) var problems: [String] = []

    init(_ entry: JSONValue, place: String, tokens: TokenList) {
        self.entry = entry
        self.place = place
        self.tokens = tokens
    }

    /// The pool; nil when something is wrong.
    mutating func pool() -> Pool? {
        guard entry.object != nil else {
            problems.append("\(place): must be an object")
            return nil
        }
        let dex = dex()
        let kind = kind()
        let address = address()
        let base = token("base")
        let quote = token("quote")
        if let base, let quote, base.mint == quote.mint { note("quote", "must differ from base") }
        let baseReserve = reserve("baseReserve", of: base)
        let quoteReserve = reserve("quoteReserve", of: quote)
        let fee = fee()
        guard problems.isEmpty, let dex, let kind, let address, let base, let quote, let baseReserve, let quoteReserve, let fee else { return nil }
        return Pool(
            dex: dex, kind: kind, address: address, base: base, quote: quote, reserves: PoolReserves(base: baseReserve, quote: quoteReserve),
            feePpm: fee)
    }

    private mutating func dex() -> String? {
        let isName: (String) -> Bool = { text in
            (1...32).contains(text.utf8.count)
                && text.utf8.allSatisfy { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        }
        return require("dex", entry["dex"]?.string.flatMap { isName($0) ? $0 : nil }, "must be 1 to 32 lower-case letters or digits")
    }

    private mutating func kind() -> PoolKind? {
        let allowed = PoolKind.allCases.map(\.rawValue).joined(separator: ", ")
        return require("kind", entry["kind"]?.string.flatMap(PoolKind.init), "must be \(allowed)")
    }

    private mutating func address() -> String? {
        require("pool", entry["pool"]?.string.flatMap { Token.isMint($0) ? $0 : nil }, "must be base58 of 32 bytes")
    }

    private mutating func token(_ field: String) -> Token? {
        guard let text = require(field, entry[field]?.string, "must be the symbol or mint of a token") else { return nil }
        return require(field, tokens.lookup(text), "\(text) is not in the token list")
    }

    /// Reads an amount of whole tokens; only its form is checked while the token is unknown.
    private mutating func reserve(_ field: String, of token: Token?) -> BaseUnits? {
        guard let text = require(field, entry[field]?.string, "must be a decimal text such as \"70000\"") else { return nil }
        guard let token else { return nil }
        do throws(AmountError) {
            return try BaseUnits(decimal: text, decimals: token.decimals)
        } catch {
            note(field, error.description)
            return nil
        }
    }

    private mutating func fee() -> Int? {
        let range = 0...Self.highestFeePpm
        let fee = entry["feePpm"]?.integer.flatMap { Int(exactly: $0) }.flatMap { range.contains($0) ? $0 : nil }
        return require("feePpm", fee, "must be an integer from 0 to \(Self.highestFeePpm)")
    }

    private mutating func require<Value>(_ field: String, _ value: Value?, _ rule: String) -> Value? {
        if value == nil { note(field, rule) }
        return value
    }

    private mutating func note(_ field: String, _ rule: String) {
        problems.append("\(place).\(field): \(rule)")
    }
}
