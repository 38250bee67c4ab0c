public import JSON

/// The order as it was placed. Only its terms can change, while it waits for its price.
public struct Order: Sendable, Hashable {
    public let id: OrderID
    /// The client's own key; nil for none.
    public let clientOrderId: String?
    /// The user that it is for, as the client says; nil for none.
    public let userId: UserID?
    /// Whose it is; nil where the engine has no API keys.
    public let owner: Owner?
    public let orderType: OrderType
    /// Its prices and how long they are waited for; nil for a market order.
    public var terms: PriceTerms?
    /// The other order of a pair of which at most one fills; nil for none.
    public let oco: OrderID?
    /// The orders that are placed when this one fills: none, one, or a pair of which at most one fills. An amount of 0 stands for all that this order
    /// brings.
    public let then: [Order]
    /// The token that is sold.
    public let tokenIn: Token
    /// The token that is bought.
    public let tokenOut: Token
    /// The amount that is sold.
    public var amountIn: BaseUnits
    /// The slippage limit in basis points. A limit price takes its place.
    public var slippageBps: Int
    /// The slippage as a fraction, the text of the number that was given.
    public var slippage: String
    /// Unix milliseconds after which nothing may be submitted; nil for no limit.
    public let deadline: UInt64?
    /// Unix milliseconds.
    public let createdAt: UInt64
    /// The W3C trace context of the request; nil for none.
    public let traceparent: String?
    /// How many attempts the order may have.
    public let maxAttempts: Int
    /// The request in one canonical text. Requests that mean the same have equal texts.
    public let fingerprint: String

    public init(
        id: OrderID, clientOrderId: String? = nil, userId: UserID? = nil, owner: Owner? = nil, orderType: OrderType = .market,
        terms: PriceTerms? = nil, oco: OrderID? = nil, then: [Order] = [], tokenIn: Token, tokenOut: Token, amountIn: BaseUnits, slippageBps: Int,
        slippage: String, deadline: UInt64? = nil, createdAt: UInt64,
        traceparent: String? = nil, maxAttempts: Int, fingerprint: String
    ) {
        self.id = id
        self.clientOrderId = clientOrderId
        self.userId = userId
        self.owner = owner
        self.orderType = orderType
        self.terms = terms
        self.oco = oco
        self.then = then
        self.tokenIn = tokenIn
        self.tokenOut = tokenOut
        self.amountIn = amountIn
        self.slippageBps = slippageBps
        self.slippage = slippage
        self.deadline = deadline
        self.createdAt = createdAt
        self.traceparent = traceparent
        self.maxAttempts = maxAttempts
        self.fingerprint = fingerprint
    }

    /// Within what `clientOrderId` is one key.
    public var idempotencyScope: IdempotencyScope { IdempotencyScope(owner: owner, user: userId) }

    /// The amount in whole tokens, shortest exact form.
    public var amount: String { amountIn.decimalText(decimals: tokenIn.decimals) }
}

extension Order: JSONWritable {
    /// The JSON text, without the keys that have no value.
    public var json: String { JSONWriter.value(self) }

    /// Writes the object that is stored with the order.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("orderId", id)
            $0.field("clientOrderId", ifPresent: clientOrderId)
            $0.field("userId", ifPresent: userId)
            $0.field("owner", ifPresent: owner)
            $0.field("orderType", orderType.rawValue)
            $0.field("terms", ifPresent: terms)
            $0.field("oco", ifPresent: oco)
            $0.field("then", ifPresent: then.isEmpty ? nil : then)
            $0.field("tokenIn", tokenIn)
            $0.field("tokenOut", tokenOut)
            $0.field("amountIn", amountIn)
            $0.field("slippageBps", slippageBps)
            $0.number("slippage", slippage)
            $0.field("deadline", ifPresent: deadline)
            $0.field("createdAt", createdAt)
            $0.field("traceparent", ifPresent: traceparent)
            $0.field("maxAttempts", maxAttempts)
            $0.field("fingerprint", fingerprint)
        }
    }

    public init(json text: String) throws(RecordError) { try self.init(json: try Record.parse("order", text)) }

    public init(json: JSONValue) throws(RecordError) {
        let record = Record("order", json)
        self.init(
            id: try record.value("orderId"), clientOrderId: try record.optional("clientOrderId"),
            userId: try record.optional("userId"), owner: try record.optional("owner"),
            orderType: try record.value("orderType"), terms: try record.optional("terms"), oco: try record.optional("oco"),
            then: try record.optional("then") ?? [], tokenIn: try record.value("tokenIn"), tokenOut: try record.value("tokenOut"),
            amountIn: try record.value("amountIn"),
            slippageBps: try record.integer("slippageBps", in: 0...10_000), slippage: try record.number("slippage"),
            deadline: try record.optional("deadline"), createdAt: try record.value("createdAt"),
            traceparent: try record.optional("traceparent"), maxAttempts: try record.integer("maxAttempts", in: 1...1000),
            fingerprint: try record.value("fingerprint"))
    }
}
