import JSON

/// The names that the members of an order's body may have, and the names that other names probably stand for.
public struct OrderVocabulary: Sendable {
    /// The engine's own names.
    public static let own = OrderVocabulary([])

    private let names: [OrderMember: [String]]
    private let folded: [(name: String, folded: [UInt8])]
    private let known: Set<[UInt8]>
    private let ofTerms: Set<String>
    /// The lengths of those names, a bit for each.
    private let lengthsOfTerms: UInt64
    private let minSlippages: [String: Int]
    /// The names for tokens that make the user a required member.
    let namesWithUser: [String]

    /// The engine's own names, and those of spellings. If several names of one member fit, messages use the first.
    public init(_ spellings: [OrderSpelling]) {
        var names: [OrderMember: [String]] = [:]
        for member in OrderMember.allCases { names[member] = [member.rawValue] + spellings.compactMap { $0.names[member] } }
        let all = OrderMember.allCases.flatMap { names[$0] ?? [] }
        self.names = names
        folded = all.map { (name: $0, folded: Self.fold($0)) }
        known = Set(all.map { Array($0.utf8) })
        ofTerms = Set(OrderMember.allCases.filter(\.isOfTerms).flatMap { names[$0] ?? [] })
        lengthsOfTerms = ofTerms.reduce(0) { $0 | 1 << UInt64($1.utf8.count) }
        minSlippages = Dictionary(
            spellings.compactMap { spelling in spelling.names[.slippage].map { ($0, spelling.minSlippageBps) } }, uniquingKeysWith: min)
        namesWithUser = spellings.filter(\.requiresUser).flatMap { spelling in
            [OrderMember.tokenIn, .tokenOut].compactMap { spelling.names[$0] }
        }
    }

    /// The names of a member, the engine's own name first.
    func names(of member: OrderMember) -> [String] { names[member] ?? [] }

    /// Whether an order has a member that only orders with a price, or with others that follow, have.
    func hasTerms(_ body: JSONValue) -> Bool {
        body.object?.contains { member in
            let length = member.name.utf8.count
            return length < UInt64.bitWidth && lengthsOfTerms & 1 << UInt64(length) != 0 && ofTerms.contains(member.name)
        } ?? false
    }

    func isKnown(_ name: String) -> Bool { known.contains(Array(name.utf8)) }

    /// The minimum slippage limit that may be given under a name, in basis points.
    func minSlippageBps(under name: String) -> Int { minSlippages[name] ?? 1 }

    /// The known name that an unknown one stands for, written in another way or misspelled; nil if no name is like it.
    ///
    /// Case, underscores, hyphens, points and blanks do not count. A known name of eight letters or more may have two mistakes, a shorter one or a
    /// synonym one.
    func meant(by name: String) -> String? {
        let text = Self.fold(name)
        if let spelling = folded.first(where: { $0.folded == text }) { return spelling.name }
        if let synonym = Self.foldedSynonyms.first(where: { $0.folded == text }) { return synonym.name }
        return Self.nearest(to: text, among: folded) ?? Self.nearest(to: text, among: Self.foldedSynonyms, mistakes: 1)
    }

    /// The name that is nearest to a text, if it is near enough to be the one that was meant.
    private static func nearest<Name>(to text: [UInt8], among names: [(name: Name, folded: [UInt8])], mistakes: Int = 2) -> Name? {
        if text.count > 40 { return nil }
        let near = names.map { (name: $0.name, limit: $0.folded.count >= 8 ? mistakes : 1, distance: EditDistance.between(text, $0.folded)) }
        return near.filter { $0.distance <= $0.limit }.min { $0.distance < $1.distance }?.name
    }

    /// Why an order cannot have a member of this name or a very similar one; nil if no reason is known.
    static func objection(to name: String) -> String? {
        let text = fold(name)
        return foldedWishes.first { $0.folded == text }?.name ?? nearest(to: text, among: foldedWishes.filter { $0.folded.count >= 6 })
    }

    /// Why a member must not be ignored, because its name contains a word for a limit, a price or a side; nil for any other name.
    static func relation(of name: String) -> String? {
        let text = fold(name)
        func has(_ words: String...) -> Bool { words.contains { contains(text, Array($0.utf8)) } }
        if has("slippage", "toleran") { return "is not known here: the limit is given as slippage (a fraction) or slippageBps" }
        if has("deadline", "expir") || text == Array("ttl".utf8) { return "is not known here: the limit is given as deadline" }
        if has("price") { return priceReason }
        if text.starts(with: Array("min".utf8)) && has("out", "receiv", "return") { return minReason }
        if has("side", "direction") || text == Array("action".utf8) || text == Array("isbuy".utf8) { return sideReason }
        return nil
    }

    private static let priceReason = "is not supported: a limit is given as limitPrice with the orderType limit"
    private static let sideReason = "is not supported: tokenIn is always sold and tokenOut bought; exchange the two to go the other way"
    private static let minReason = "is not supported: the least that is received follows from the quote and slippage"

    /// Names that other engines use for the engine's members.
    private static let synonyms: KeyValuePairs = [
        "idempotencyKey": "clientOrderId", "user": "userId", "expiry": "expiresAt", "expiration": "expiresAt", "expireTime": "expiresAt",
        "validUntil": "expiresAt", "goodTillDate": "expiresAt", "quantity": "amount", "qty": "amount", "inAmount": "amountIn",
        "inputAmount": "amountIn", "inputMint": "tokenIn", "outputMint": "tokenOut", "fromToken": "tokenIn", "toToken": "tokenOut",
        "clientOid": "clientOrderId", "newClientOrderId": "clientOrderId", "orderLinkId": "clientOrderId", "requestId": "clientOrderId",
        "orderKind": "orderType", "price": "limitPrice", "stopPrice": "triggerPrice", "stopLoss": "triggerPrice", "takeProfit": "triggerPrice",
        "activationPrice": "triggerPrice", "tif": "timeInForce", "callbackRate": "trailingBps", "trailingStop": "trailingBps",
        "trailingDelta": "trailingBps",
    ]
    private static let foldedSynonyms = synonyms.map { (name: $0.value, folded: fold($0.key)) }

    private static let wishes: [(names: [String], reason: String)] = [
        (["maxPrice", "minPrice"], priceReason),
        (["side"], sideReason),
        (
            [
                "minAmountOut", "minimumAmountOut", "amountOutMin", "amountOutMinimum", "minOut", "minOutAmount", "minReceived", "minimumReceived",
                "minReturn", "otherAmountThreshold",
            ],
            minReason
        ),
        (["amountOut", "outAmount", "outputAmount", "exactOut", "swapMode"], "is not supported: amount is what is sold, of tokenIn"),
        (["postOnly", "reduceOnly", "leverage"], "is not supported: the venues have pools and no order books, and nothing is borrowed"),
        (["dryRun", "simulate", "simulation", "test", "testOrder", "preview"], "is not supported: GET /api/quotes shows what an order would get"),
    ]
    private static let foldedWishes = wishes.flatMap { wish in wish.names.map { (name: wish.reason, folded: fold($0)) } }

    /// A name with ASCII letters in lower case and without the characters that separate words.
    static func fold(_ name: String) -> [UInt8] {
        name.utf8.compactMap { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "), UInt8(ascii: "."): nil
            default: byte
            }
        }
    }

    private static func contains(_ text: [UInt8], _ word: [UInt8]) -> Bool {
        text.count >= word.count && (0...text.count - word.count).contains { text[$0..<$0 + word.count].elementsEqual(word) }
    }
}
