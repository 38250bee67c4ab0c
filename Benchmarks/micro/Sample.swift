internal import JSON
internal import Markets
internal import Orders
internal import ServiceKit

/// The order that most cases are about, and its whole life.
struct Sample: Sendable {
    /// When the order was placed, in Unix ms.
    static let time: UInt64 = 1_768_030_217_789

    let tokens: TokenList
    let pools: PoolList
    let sol: Token
    let usdc: Token

    /// Reads the lists of tokens and pools in `config`.
    init() throws {
        tokens = try TokenList(bytes: ConfigurationFile.read("config/tokens.json", setting: "tokens"))
        pools = try PoolList(bytes: ConfigurationFile.read("config/pools.json", setting: "pools"), tokens: tokens)
        guard let sol = tokens.lookup("SOL"), let usdc = tokens.lookup("USDC") else { throw CaseError("config/tokens.json has no SOL or no USDC") }
        (self.sol, self.usdc) = (sol, usdc)
    }

    /// A request for 1.5 SOL with a key, as a client sends it.
    static let body = Array(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"slippage":0.01,"clientOrderId":"key-0001","userId":"harsh"}"#.utf8)

    /// The quotes of both venues, best first.
    var quotes: [Quote] {
        [
            quote("meteora", pool: "8uDDauoPv4PgDtWJas7gNiEiih49voxhAr1faJQDdBb", 218_220_000),
            quote("raydium", pool: "BFUsVbT37mEy4iN9W5scq9u2K3MNS2YHZmWJ3sy4cYeC", 217_980_000),
        ]
    }

    private func quote(_ dex: String, pool: String, _ amountOut: UInt64) -> Quote {
        Quote(
            dex: dex, pool: pool, amountIn: BaseUnits(1_500_000_000), amountOut: BaseUnits(amountOut), minReceived: BaseUnits(amountOut / 100 * 99),
            feeBps: "20", priceImpactPct: "0.0012", inputDecimals: sol.decimals, outputDecimals: usdc.decimals, quotedAt: Self.time)
    }

    /// An order without a user and a key. Each number has an id of its own.
    func order(_ number: Int) -> Order {
        var random = Numbers(state: UInt64(number))
        return Order(
            id: OrderID(milliseconds: Self.time + UInt64(number), partition: 0, random: &random), tokenIn: sol, tokenOut: usdc,
            amountIn: BaseUnits(1_500_000_000), slippageBps: 100, slippage: "0.01", createdAt: Self.time + UInt64(number), maxAttempts: 3,
            fingerprint: "market|\(sol.mint)|\(usdc.mint)|1500000000|100|-|-")
    }

    /// A transaction of the best quote.
    func transaction(signature: String = Self.signature) -> SignedTransaction {
        let quote = quotes[0]
        return SignedTransaction(
            leg: 0, attempt: 1, signature: signature, bytes: String(repeating: signature, count: 3), lastValidSlot: 10_000_000_000, quote: quote,
            minOut: quote.minReceived)
    }

    /// The lines that are stored of an order that went well: seven events.
    var lines: [String] {
        let quotes = quotes
        let members = CompactEvent.members(quotes: quotes, chosen: ChosenRoute(quotes[0]))
        let events = [
            CompactEvent(.pending, progress: Progress.none, message: EventMessage.pending, attempt: 1),
            CompactEvent(.routing, progress: Progress.fetchingQuotes, message: EventMessage.fetchingQuotes, attempt: 1),
            CompactEvent(.routing, progress: Progress.routed, message: EventMessage.received(quotes: 2), attempt: 1, members: members),
            CompactEvent(
                .building, progress: Progress.building, message: EventMessage.building(dex: "meteora"), attempt: 1,
                members: CompactEvent.showsQuotes),
            CompactEvent(.building, progress: Progress.built, message: EventMessage.built, attempt: 1),
            CompactEvent(
                .submitted, progress: Progress.submitted(attempt: 1), message: EventMessage.submitting(attempt: 1, maxAttempts: 3), attempt: 1,
                members: JSONWriter.members { $0.field("txHash", Self.signature) }),
            CompactEvent(.confirmed, progress: Progress.confirmed, message: EventMessage.confirmed, attempt: 1, members: Self.fill),
        ]
        return events.enumerated().map { $1.line(at: Self.time + UInt64($0), seq: $0 + 1) }
    }

    static let signature = Base58.encode((UInt8(1)...64).map { $0 })

    private static let fill = JSONWriter.members {
        $0.field("executedPrice", "145.48")
        $0.field("amountOut", BaseUnits(218_220_000))
        $0.field("amountOutDecimal", "218.22")
        $0.field("realisedSlippageBps", 0)
        $0.field("networkFeeLamports", 5000)
    }

    /// The order with all of its events.
    func fold(_ number: Int = 0) throws -> OrderFold {
        var fold = OrderFold(order(number))
        for line in lines { try fold.add(Substring(line)) }
        return fold
    }
}

/// Numbers that are the same in each run (SplitMix64).
struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
