import JSON

extension OrderRequest {
    /// Reads the body of `POST /api/orders/execute`.
    ///
    /// - Parameters:
    ///   - body: the bytes of the body.
    ///   - idempotencyKey: the header `Idempotency-Key`, where given.
    ///   - tokens: the tokens that may be traded.
    ///   - now: Unix milliseconds, to judge the deadline.
    /// - Returns: the request, or every mistake in it at once.
    public static func parse(body: [UInt8], idempotencyKey: String?, tokens: TokenList, now: UInt64) -> Result<OrderRequest, RequestRefusal> {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(body, maximumDepth: 8, refusesNUL: true)
        } catch {
            let errors = error.name.map { [FieldError(field: $0, message: error.message)] } ?? []
            return .failure(RequestRefusal(code: .badJSON, error: error.message, errors: errors))
        }
        guard value.object != nil else {
            return .failure(RequestRefusal(code: .badRequest, error: "The body must be a JSON object"))
        }
        var fields = RequestFields(value)
        let request = fields.request(idempotencyKey: idempotencyKey, tokens: tokens, now: now)
        guard let request, fields.errors.isEmpty else { return .failure(RequestRefusal(errors: fields.errors)) }
        return .success(request)
    }
}

extension RequestFields {
    /// Reads every field, also after a mistake; nil only where there was one.
    fileprivate mutating func request(idempotencyKey: String?, tokens: TokenList, now: UInt64) -> OrderRequest? {
        let (tokenIn, tokenOut) = takePair(tokens)
        let amount = takeAmount(of: tokenIn)
        let slippage = takeSlippage()
        let userId = takeUserId()
        let orderType = takeOrderType()
        let deadline = takeDeadline(now: now)
        let key = takeIdempotencyKey(header: idempotencyKey)
        guard let tokenIn, let tokenOut, let amount, let slippage else { return nil }
        return OrderRequest(
            tokenIn: tokenIn, tokenOut: tokenOut, amountIn: amount, slippageBps: slippage.bps, slippage: slippage.text, userId: userId,
            orderType: orderType, deadline: deadline, idempotencyKey: key, usesSnakeCase: has("token_in"))
    }

    private mutating func takePair(_ tokens: TokenList) -> (Token?, Token?) {
        let givenIn = take("tokenIn", "inputToken", "token_in", isRequired: true)
        let givenOut = take("tokenOut", "outputToken", "token_out", isRequired: true)
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
        guard let given = take("amount", "amountIn", isRequired: true) else { return nil }
        do throws(AmountError) {
            switch given.value {
            case .number(let text): return try BaseUnits(number: text, decimals: token?.decimals ?? 18)
            case .string(let text): return try BaseUnits(decimal: text, decimals: token?.decimals ?? 18)
            default: throw .malformed
            }
        } catch {
            switch error {
            case .tooPrecise, .tooLarge:
                // Without the token its decimals are not known, and neither is this a mistake.
                if token != nil { refuse(given.name, error.description) }
            case .malformed, .zero, .negative: refuse(given.name, error.description)
            }
            return nil
        }
    }

    private mutating func takeUserId() -> String? {
        guard let given = take("userId", "user_id") else {
            for name in ["inputToken", "outputToken"] where has(name) {
                refuse("userId", "is required in a request with \(name)")
                break
            }
            return nil
        }
        guard let text = given.value.string, (1...255).contains(text.unicodeScalars.count) else {
            refuse(given.name, "must be a text of 1 to 255 characters")
            return nil
        }
        return text
    }

    private mutating func takeOrderType() -> String {
        guard let given = take("orderType", "order_type") else { return "market" }
        guard let text = given.value.string else {
            refuse(given.name, "must be the text \"market\"")
            return "market"
        }
        if text != "market" {
            let isShowable = text.utf8.count <= 32 && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            refuse(given.name, "must be \"market\": \(isShowable ? "\"\(text)\"" : "this type") is not supported")
        }
        return text
    }

    private mutating func takeIdempotencyKey(header: String?) -> String? {
        let rule = "must be 1 to 255 visible ASCII characters"
        if let header, !Self.isKey(header) { refuse("Idempotency-Key", rule) }
        guard let given = take("clientOrderId") else { return header }
        guard let text = given.value.string, Self.isKey(text) else {
            refuse(given.name, rule)
            return nil
        }
        if let header, header != text { refuse(given.name, "must equal the header Idempotency-Key where both are given") }
        return text
    }

    private static func isKey(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
