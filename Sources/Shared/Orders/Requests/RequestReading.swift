import JSON

/// The body of `POST /api/orders/execute`, read and checked. Only checks that need the clock are not done here.
public struct RequestReading: Sendable {
    /// The order, or every mistake in the request at once.
    public let result: Result<OrderRequest, RequestRefusal>
    /// How the request is recognised when it is repeated, even if it is refused now; nil without a usable key.
    public let claim: RequestClaim?
    /// Warnings about what the client may not have meant: ignored keys, an unusual limit. Limited in number and length.
    public let warnings: [FieldError]
    /// The names of all members that are not null; empty if the body is no JSON object.
    public let names: Set<String>

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - body: the bytes of the body.
    ///   - idempotencyKeys: the values of all headers `Idempotency-Key`.
    ///   - vocabulary: the names that members may have.
    ///   - tokens: the tokens that may be traded.
    public init(body: [UInt8], idempotencyKeys: [String] = [], vocabulary: OrderVocabulary = .own, tokens: TokenList) {
        var fields: RequestFields
        do throws(RequestRefusal) {
            fields = RequestFields(try Self.object(body), vocabulary)
        } catch {
            (result, claim, warnings, names) = (.failure(error), nil, [], [])
            return
        }
        let (request, claim) = fields.request(idempotencyKeys: idempotencyKeys, tokens: tokens)
        if let request, fields.errors.isEmpty {
            result = .success(request)
        } else {
            result = .failure(fields.refusal ?? RequestRefusal(errors: []))
        }
        self.claim = claim
        warnings = fields.warnings
        names = Set((fields.body.object ?? []).filter { !$0.value.isNull }.map(\.name))
    }

    static func object(_ body: [UInt8]) throws(RequestRefusal) -> JSONValue {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(body, maxDepth: 8, refusesNUL: true)
        } catch {
            let errors = error.name.map { [FieldError(field: $0, message: error.message)] } ?? []
            throw RequestRefusal(code: .badJSON, error: error.message, errors: errors)
        }
        guard value.object != nil else { throw RequestRefusal(code: .badRequest, error: "The body must be a JSON object") }
        return value
    }
}

extension RequestFields {
    /// Reads every field, even after a mistake. The request is nil only if there was a mistake.
    mutating func request(idempotencyKeys: [String], tokens: TokenList) -> (OrderRequest?, RequestClaim?) {
        let (tokenIn, tokenOut) = takePair(tokens)
        let amount = takeAmount(of: tokenIn)
        let userId = takeUserId()
        let key = takeIdempotencyKey(headers: idempotencyKeys)
        let rest = takeRest(tokenIn, tokenOut, amount, tokens)
        judgeUnknown()
        let claim = userId.flatMap { user in key.flatMap { $0 }.map { RequestClaim(userId: user, key: $0, fields: self) } }
        guard var request = rest, let userId, let key else { return (nil, claim) }
        (request.userId, request.idempotencyKey) = (userId, key)
        return (request, claim)
    }

    /// What an order has besides its pair, its amount and its client.
    private mutating func takeRest(_ tokenIn: Token?, _ tokenOut: Token?, _ amount: BaseUnits?, _ tokens: TokenList) -> OrderRequest? {
        let type = takeOrderType()
        // Most orders have nothing of this, and each member is looked for under all its names.
        let hasTerms = type != .market || vocabulary.hasTerms(body)
        let terms = hasTerms ? takeTerms(of: type, tokenIn, tokenOut) : GivenTerms(type: type)
        let slippage = takeSlippage(of: terms)
        let deadline = takeDeadline(of: type)
        let allowsImmediate = hasTerms && takeFlag(.allowImmediate)
        let then = hasTerms ? takeThen(after: tokenIn, tokenOut, tokens) : []
        guard let tokenIn, let tokenOut, let amount, let slippage else { return nil }
        let request = OrderRequest(
            tokenIn: tokenIn, tokenOut: tokenOut, amountIn: amount, slippageBps: slippage, terms: terms, deadline: deadline,
            allowsImmediate: allowsImmediate, then: then)
        if let floor = request.floor, amount.value > 0, floor.leastOut(for: amount) == nil {
            refuseTerm("limitPrice", "asks for more of \(tokenOut.symbol) than there can be")
        }
        return request
    }

    /// Reads `then`: the order that is placed when this one fills, or a list of two of which at most one fills. Without tokens it goes the other way,
    /// and without an amount it sells all that this order brings.
    private mutating func takeThen(after tokenIn: Token?, _ tokenOut: Token?, _ tokens: TokenList) -> [OrderRequest] {
        guard let given = take(.then) else { return [] }
        let bodies = given.value.array ?? [given.value]
        guard 1...2 ~= bodies.count, bodies.allSatisfy({ $0.object != nil }) else {
            refuse(given.name, "must be an order, or a list of two orders of which at most one fills")
            return []
        }
        var orders: [OrderRequest] = []
        for body in bodies {
            var fields = RequestFields(body, vocabulary, prefix: "then.")
            if let order = fields.followUp(after: tokenIn, tokenOut, tokens) { orders.append(order) }
            add(fields)
        }
        guard orders.count == bodies.count else { return [] }
        if orders.count == 2, let problem = OrderPair.problem(orders[0], orders[1]) { refuseTerm(given.name, problem) }
        return orders
    }

    private mutating func followUp(after tokenIn: Token?, _ tokenOut: Token?, _ tokens: TokenList) -> OrderRequest? {
        let sold = take(.tokenIn).map { token($0, tokens) } ?? tokenOut
        let bought = take(.tokenOut).map { token($0, tokens) } ?? tokenIn
        let hasAmount = vocabulary.names(of: .amount).contains { has($0) }
        let amount = hasAmount ? takeAmount(of: sold) : BaseUnits(0)
        if let sold, sold.mint == bought?.mint { refuse("tokenOut", "must not be the same token as tokenIn") }
        if !hasAmount, let sold, let tokenOut, sold.mint != tokenOut.mint {
            refuseTerm("amount", "is required where tokenIn is not the token that the first order brings")
        }
        for member in [OrderMember.then, .userId, .clientOrderId] {
            if let given = take(member) { refuse(given.name, "is not for an order that follows another one") }
        }
        let request = takeRest(sold, bought, amount, tokens)
        if let request, request.orderType == .trailingStop, request.tokenIn != tokenOut || request.tokenOut != tokenIn {
            // It trails from the price of the fill, which is a price of these two tokens.
            refuseTerm("orderType", "can be trailingStop only for the same two tokens, the other way round")
        }
        judgeUnknown()
        return request
    }

    /// Reads the body of a pair. The pair is nil only if there was a mistake.
    mutating func pair(idempotencyKeys: [String], tokens: TokenList) -> (OrderPair?, RequestClaim?) {
        let userId = takeUserId()
        let key = takeIdempotencyKey(headers: idempotencyKeys)
        let claim = userId.flatMap { user in key.flatMap { $0 }.map { RequestClaim(userId: user, key: $0, fields: self, isPair: true) } }
        for member in body.object ?? [] where !["orders", "userId", "clientOrderId"].contains(member.name) && !member.value.isNull {
            refuse(Self.shown(member.name), "is not known here: it belongs into each of the orders")
        }
        guard let bodies = body["orders"]?.array, bodies.count == 2, bodies.allSatisfy({ $0.object != nil }) else {
            refuse("orders", "must be a list of two orders")
            return (nil, claim)
        }
        var requests: [OrderRequest] = []
        for (index, body) in bodies.enumerated() {
            var fields = RequestFields(body, vocabulary, prefix: "orders[\(index)].")
            for member in [OrderMember.userId, .clientOrderId] {
                if let given = fields.take(member) { fields.refuse(given.name, "belongs to the pair and not to one of its orders") }
            }
            let (tokenIn, tokenOut) = fields.takePair(tokens)
            let amount = fields.takeAmount(of: tokenIn)
            if var request = fields.takeRest(tokenIn, tokenOut, amount, tokens), let userId, let key {
                (request.userId, request.idempotencyKey) = (userId, key)
                requests.append(request)
            }
            fields.judgeUnknown()
            add(fields)
        }
        guard requests.count == 2 else { return (nil, claim) }
        if let problem = OrderPair.problem(requests[0], requests[1]) { refuseTerm("orders", problem) }
        return (errors.isEmpty ? OrderPair(first: requests[0], second: requests[1]) : nil, claim)
    }

    private mutating func takePair(_ tokens: TokenList) -> (Token?, Token?) {
        let givenIn = take(.tokenIn, isRequired: true)
        let givenOut = take(.tokenOut, isRequired: true)
        let tokenIn = givenIn.flatMap { token($0, tokens) }
        let tokenOut = givenOut.flatMap { token($0, tokens) }
        if let tokenIn, let givenIn, let givenOut, tokenIn.mint == tokenOut?.mint {
            refuse(givenOut.name, "must not be the same token as \(givenIn.name)")
        }
        return (tokenIn, tokenOut)
    }

    private mutating func token(_ given: Given, _ tokens: TokenList) -> Token? {
        guard let text = given.value.string else {
            refuse(given.name, "must be a text: a token's symbol or mint address")
            return nil
        }
        guard let token = tokens.lookup(text) else {
            refuse(given.name, "must be the symbol or mint address of a known token, see GET /api/tokens")
            return nil
        }
        return token
    }

    private mutating func takeAmount(of token: Token?) -> BaseUnits? {
        guard let given = take(.amount, isRequired: true) else { return nil }
        do throws(AmountError) {
            switch given.value {
            case .number(let text): return try BaseUnits(number: text, decimals: token?.decimals ?? 18)
            case .string(let text): return try BaseUnits(decimal: text, decimals: token?.decimals ?? 18)
            default: throw .malformed
            }
        } catch {
            switch error {
            case .tooPrecise, .tooLarge:
                // Without the token its decimals are not known, so this may be no mistake.
                if token != nil { refuse(given.name, error.description) }
            case .malformed, .zero, .negative: refuse(given.name, error.description)
            }
            return nil
        }
    }

    /// The user. The inner nil is no user, the outer nil is a mistake.
    private mutating func takeUserId() -> UserID?? {
        guard let given = take(.userId) else {
            guard let name = vocabulary.namesWithUser.first(where: { has($0) }) else { return .some(nil) }
            refuse("userId", "is required in a request with \(name)")
            return nil
        }
        guard let user = given.value.string.flatMap({ UserID($0) }) else {
            refuse(given.name, "must be a text of 1 to 255 characters")
            return nil
        }
        return user
    }

    /// The key. The inner nil is no key, the outer nil is a mistake.
    private mutating func takeIdempotencyKey(headers: [String]) -> String?? {
        let rule = "must be 1 to 255 visible ASCII characters"
        let before = errors.count
        if headers.count > 1 { refuse("Idempotency-Key", "must be sent once: \(headers.count) headers of that name came") }
        if let header = headers.first, headers.count == 1, !Self.isKey(header) { refuse("Idempotency-Key", rule) }
        guard let given = take(.clientOrderId) else { return errors.count == before ? .some(headers.first) : nil }
        guard let text = given.value.string, Self.isKey(text) else {
            refuse(given.name, rule)
            return nil
        }
        if let header = headers.first, header != text { refuse(given.name, "must equal the header Idempotency-Key where both are given") }
        return errors.count == before ? .some(text) : nil
    }

    private static func isKey(_ text: String) -> Bool { (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
}
