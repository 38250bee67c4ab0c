internal import JSON
internal import Orders

/// Reads one object of a pool list and collects the mistakes in it.
struct PoolReader {
    private let entry: JSONValue
    private let place: String
    private let tokens: TokenList
    private(set) var problems: [String] = []

    init(_ entry: JSONValue, place: String, tokens: TokenList) {
        self.entry = entry
        self.place = place
        self.tokens = tokens
    }

    /// The pool; nil if something is wrong.
    mutating func pool() -> Pool? {
        guard isObject() else { return nil }
        let dex = dex()
        let kind = kind()
        let address = address()
        let base = token("base")
        let quote = token("quote")
        if let base, let quote, base.mint == quote.mint { note("quote", "must differ from base") }
        let pricing = kind.flatMap { $0.read(&self, base: base, quote: quote) }
        guard problems.isEmpty, let dex, let address, let base, let quote, let pricing else { return nil }
        return Pool(dex: dex, address: address, base: base, quote: quote, pricing: pricing)
    }

    private mutating func dex() -> String? {
        let isName: (String) -> Bool = { text in
            (1...32).contains(text.utf8.count)
                && text.utf8.allSatisfy { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        }
        return require("dex", entry["dex"]?.string.flatMap { isName($0) ? $0 : nil }, "must be 1 to 32 lower-case letters or digits")
    }

    private mutating func kind() -> (any PoolPricing.Type)? {
        let allowed = PoolKinds.all.map { $0.kind }.joined(separator: " or ")
        return require("kind", entry["kind"]?.string.flatMap { name in PoolKinds.all.first { $0.kind == name } }, "must be \(allowed)")
    }

    private mutating func address() -> String? {
        require(
            "pool", entry["pool"]?.string.flatMap { Pool.isAddress($0) ? $0 : nil },
            "must be the pool's address, or a name of 1 to 64 letters, digits, ., _ or -")
    }

    private mutating func token(_ field: String) -> Token? {
        guard let text = require(field, entry[field]?.string, "must be the symbol or mint of a token") else { return nil }
        return require(field, tokens.lookup(text), "\(text) is not in the token list")
    }
}

/// The functions with which a kind of pool reads its own fields.
extension PoolReader {
    /// Whether an optional field is given.
    func has(_ field: String) -> Bool { entry[field].map { !$0.isNull } ?? false }

    /// Whether this is an object; notes a mistake if it is not.
    mutating func isObject() -> Bool {
        if entry.object == nil { problems.append("\(place): must be an object") }
        return entry.object != nil
    }

    /// Reads an amount of whole tokens. If the token is not known, only checks that the field is a text.
    mutating func amount(_ field: String, of token: Token?, allowsZero: Bool = false) -> BaseUnits? {
        guard let text = require(field, entry[field]?.string, "must be a decimal text such as \"70000\"") else { return nil }
        guard let token else { return nil }
        do throws(AmountError) {
            return try BaseUnits(decimal: text, decimals: token.decimals)
        } catch {
            if allowsZero, error == .zero { return BaseUnits(0) }
            note(field, error.description)
            return nil
        }
    }

    mutating func integer(_ field: String, in range: ClosedRange<Int>) -> Int? {
        let number = entry[field]?.integer.flatMap { Int(exactly: $0) }.flatMap { range.contains($0) ? $0 : nil }
        return require(field, number, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }

    /// Readers of the objects of a list, at least one. Their problems must be handed to `take`.
    mutating func list(_ field: String) -> [PoolReader]? {
        let entries = entry[field]?.array.flatMap { $0.isEmpty ? nil : $0 }
        return require(field, entries, "must be a list with at least one entry")?.enumerated().map { index, value in
            PoolReader(value, place: "\(place).\(field)[\(index)]", tokens: tokens)
        }
    }

    /// Notes a mistake in a field.
    mutating func note(_ field: String, _ rule: String) { problems.append("\(place).\(field): \(rule)") }

    /// Takes over the mistakes that another reader has noted.
    mutating func take(_ others: [String]) { problems += others }

    private mutating func require<Value>(_ field: String, _ value: Value?, _ rule: String) -> Value? {
        if value == nil { note(field, rule) }
        return value
    }
}
