public import JSON
public import Orders

/// The pools the engine knows, in the order of the file.
public struct PoolList: Sendable, Equatable {
    public let pools: [Pool]
    /// The venues that have pools, in alphabetical order.
    public let dexes: [String]
    /// The tokens that may be in the middle between two pools: SOL and USDC, if the token list has them.
    public let middles: [Token]

    /// Reads `config/pools.json`: an array of pools, each with `dex`, `kind`, `pool`, `base`, `quote` and the fields of its kind. Tokens are given by
    /// symbol or mint, amounts as decimal text in whole tokens. Other keys are ignored. `docs/routing.md` describes the fields.
    ///
    /// - Throws: every mistake at once, each with its place.
    public init(bytes: [UInt8], tokens: TokenList) throws(PoolListError) {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(ListFile.text(bytes)) } catch {
            throw PoolListError(problems: ["pools: \(error.message)"])
        }
        try self.init(json: value, tokens: tokens)
    }

    /// Reads the parsed list; see `init(bytes:tokens:)`.
    public init(json: JSONValue, tokens: TokenList) throws(PoolListError) {
        guard let entries = json.array, !entries.isEmpty else { throw PoolListError(problems: ["pools: must be a list with at least one pool"]) }
        var problems: [String] = []
        var pools: [Pool] = []
        var places: [String: Int] = [:]
        for (index, entry) in entries.enumerated() {
            var reader = PoolReader(entry, place: "pools[\(index)]", tokens: tokens)
            let pool = reader.pool()
            problems += reader.problems
            guard let pool else { continue }
            if let first = places.updateValue(index, forKey: pool.address) {
                problems.append("pools[\(index)].pool: \(pool.address) is listed twice, first as pools[\(first)]")
            }
            pools.append(pool)
        }
        guard problems.isEmpty else { throw PoolListError(problems: problems) }
        self.pools = pools
        dexes = Set(pools.map(\.dex)).sorted()
        middles = ["SOL", "USDC"].compactMap(tokens.lookup)
    }

    /// The pools of a venue, in the order of the file.
    public func pools(dex: String) -> [Pool] { pools.filter { $0.dex == dex } }

    /// The pools of a venue that swap `from` for `to`, in either direction of the pair, in the order of the file.
    public func pools(dex: String, from: Token, to: Token) -> [Pool] { pools.filter { $0.dex == dex && $0.trades(from: from, to: to) } }

    public func pool(address: String) -> Pool? { pools.first { $0.address == address } }
}

/// The mistakes of a pool list.
public struct PoolListError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Every mistake with its place, for example `pools[3].base: XYZ is not in the token list`.
    public let problems: [String]

    /// The first mistakes in one line; safe to log.
    public var description: String { ListFile.first(of: problems) }
}
