import JSON

/// Two orders of which at most one fills, as a client asks for them.
public struct OrderPair: Sendable, Hashable {
    public let first: OrderRequest
    public let second: OrderRequest

    /// What is wrong with two orders as a pair, as the rest of a sentence; nil if nothing is.
    static func problem(_ first: OrderRequest, _ second: OrderRequest) -> String? {
        guard first.tokenIn == second.tokenIn, first.tokenOut == second.tokenOut else {
            return "must be two orders that sell and buy the same tokens"
        }
        guard first.waits, second.waits else { return "must be two orders that wait for a price: a market order fills at once" }
        guard let one = first.trigger, let other = second.trigger else { return nil }
        guard one.condition != other.condition else { return "must be two orders that wait on different sides of the price" }
        let (upper, lower) = one.condition == .above ? (one, other) : (other, one)
        return upper.level > lower.level ? nil : "must be two orders of which the one that waits above the price has the higher price"
    }
}

/// The body of `POST /api/orders/oco`, read and checked.
public struct PairReading: Sendable {
    /// The pair, or every mistake in the request at once.
    public let result: Result<OrderPair, RequestRefusal>
    /// How the request is recognised when it is repeated; nil without a usable key.
    public let claim: RequestClaim?
    public let warnings: [FieldError]

    /// Reads `{"orders": [{…}, {…}], "clientOrderId", "userId"}`. Both orders have the members of a single one, without key and user.
    public init(body: [UInt8], idempotencyKeys: [String] = [], vocabulary: OrderVocabulary = .own, tokens: TokenList) {
        do throws(RequestRefusal) {
            var fields = RequestFields(try RequestReading.object(body), vocabulary)
            let (pair, claim) = fields.pair(idempotencyKeys: idempotencyKeys, tokens: tokens)
            self.claim = claim
            warnings = fields.warnings
            result = pair.map { .success($0) } ?? .failure(fields.refusal ?? RequestRefusal(errors: []))
        } catch {
            (result, claim, warnings) = (.failure(error), nil, [])
        }
    }
}
