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
            result = .failure(RequestRefusal(errors: fields.errors))
        }
        self.claim = claim
        warnings = fields.warnings
        names = Set((fields.body.object ?? []).filter { !$0.value.isNull }.map(\.name))
    }

    private static func object(_ body: [UInt8]) throws(RequestRefusal) -> JSONValue {
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
    fileprivate mutating func request(idempotencyKeys: [String], tokens: TokenList) -> (OrderRequest?, RequestClaim?) {
        let (tokenIn, tokenOut) = takePair(tokens)
        let amount = takeAmount(of: tokenIn)
        let slippage = takeSlippage()
        let userId = takeUserId()
        let orderType = takeOrderType()
        let deadline = takeDeadline()
        let key = takeIdempotencyKey(headers: idempotencyKeys)
        judgeUnknown()
        let claim = userId.flatMap { user in key.flatMap { $0 }.map { RequestClaim(userId: user, key: $0, fields: self) } }
        guard let tokenIn, let tokenOut, let amount, let slippage, let userId, let key else { return (nil, claim) }
        let request = OrderRequest(
            tokenIn: tokenIn, tokenOut: tokenOut, amountIn: amount, slippageBps: slippage, userId: userId, orderType: orderType, deadline: deadline,
            idempotencyKey: key)
        return (request, claim)
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

    private mutating func takeOrderType() -> String {
        if let given = take(.orderType), !Self.isMarket(given.value) { refuse(given.name, Self.notMarket(given.value)) }
        return "market"
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
