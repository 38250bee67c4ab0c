public import JSON

/// An order as `GET /api/orders/{id}` shows it: what never changes, and what its events say.
public struct OrderView: Sendable, Hashable {
    /// One line of an order's history.
    public struct LogEntry: Sendable, Hashable {
        /// UTC, ISO 8601 with milliseconds.
        public let timestamp: String
        /// The status with this event.
        public let status: OrderStatus
        /// For people.
        public let message: String
    }

    /// What never changes.
    public let order: Order
    /// The newest status; pending before the first event.
    public private(set) var status: OrderStatus = .pending
    /// The newest list of quotes.
    public private(set) var quotes: [Quote]?
    /// The venue chosen last.
    public private(set) var chosenDex: String?
    /// Why that venue.
    public private(set) var reason: String?
    /// The newest transaction's signature.
    public private(set) var txHash: String?
    /// The price of the fill.
    public private(set) var executedPrice: String?
    /// What was received, in base units.
    public private(set) var amountOut: BaseUnits?
    /// What was received, in whole tokens.
    public private(set) var amountOutDecimal: String?
    /// See `Price.realisedSlippageBps`.
    public private(set) var realisedSlippageBps: Int?
    /// The parts of a split order.
    public private(set) var legs: [OrderLeg]?
    /// What of a split order that failed was filled nevertheless.
    public private(set) var filled: PartialFill?
    /// How long the order was in each status, once it is final.
    public private(set) var stageMs: StageTimes?
    /// The attempt of the newest event.
    public private(set) var attempts = 1
    /// The newest error's sentence.
    public private(set) var lastError: String?
    /// All events, oldest first.
    public private(set) var logs: [LogEntry] = []
    /// The time of the newest event.
    public private(set) var updatedAt: String

    /// Folds an order's events, given in order of `seq`.
    public init(order: Order, events: some Sequence<OrderEvent>) {
        self.order = order
        updatedAt = Timestamp.text(milliseconds: order.createdAt)
        for event in events { apply(event) }
    }

    /// Takes in the next event.
    public mutating func apply(_ event: OrderEvent) {
        status = event.status
        quotes = event.quotes ?? quotes
        chosenDex = event.chosenDex ?? chosenDex
        reason = event.reason ?? reason
        txHash = event.txHash ?? txHash
        executedPrice = event.executedPrice ?? executedPrice
        amountOut = event.amountOut ?? amountOut
        amountOutDecimal = event.amountOutDecimal ?? amountOutDecimal
        realisedSlippageBps = event.realisedSlippageBps ?? realisedSlippageBps
        // An event with a route shows all of it: a whole one that follows a split one has no legs any more.
        if event.chosenDex != nil { legs = event.legs }
        filled = event.filled ?? filled
        stageMs = event.stageMs ?? stageMs
        attempts = event.attempt ?? attempts
        lastError = event.error?.message ?? lastError
        logs.append(LogEntry(timestamp: event.timestamp, status: event.status, message: event.message))
        updatedAt = event.timestamp
    }
}

extension OrderView.LogEntry: JSONWritable {
    /// Writes `{"timestamp","status","message"}`.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("timestamp", timestamp)
            $0.field("status", status.rawValue)
            $0.field("message", message)
        }
    }
}

extension OrderView: JSONWritable {
    /// The JSON text: every key, null where empty. In a list the answer says `success` once, so the orders there go without.
    public func json(includesSuccess: Bool = true) -> String {
        var writer = JSONWriter(capacity: 2048)
        write(to: &writer, includesSuccess: includesSuccess)
        return writer.text
    }

    /// Writes the object with `success`.
    public func write(to writer: inout JSONWriter) {
        write(to: &writer, includesSuccess: true)
    }

    private func write(to writer: inout JSONWriter, includesSuccess: Bool) {
        writer.object {
            if includesSuccess { $0.field("success", true) }
            writeRequest(to: &$0)
            writeResult(to: &$0)
            $0.field("logs", logs)
            $0.field("createdAt", Timestamp.text(milliseconds: order.createdAt))
            $0.field("updatedAt", updatedAt)
        }
    }

    private func writeRequest(to writer: inout JSONWriter) {
        writer.field("id", order.id)
        writer.field("orderId", order.id)
        writer.field("clientOrderId", orNull: order.clientOrderId)
        writer.field("orderType", order.orderType)
        writer.field("tokenIn", order.tokenIn.symbol)
        writer.field("tokenOut", order.tokenOut.symbol)
        writer.field("tokenInMint", order.tokenIn.mint)
        writer.field("tokenOutMint", order.tokenOut.mint)
        writer.field("amount", order.amount)
        writer.field("amountIn", order.amountIn)
        writer.field("amountInDecimal", order.amount)
        writer.number("slippage", order.slippage)
        writer.field("slippageBps", order.slippageBps)
        writer.field("status", status.rawValue)
        writer.field("userId", orNull: order.userId)
    }

    private func writeResult(to writer: inout JSONWriter) {
        writer.field("quotes", orNull: quotes)
        writer.field("chosenDex", orNull: chosenDex)
        writer.field("reason", orNull: reason)
        writer.field("txHash", orNull: txHash)
        writer.field("executedPrice", orNull: executedPrice)
        writer.field("amountOut", orNull: amountOut)
        writer.field("amountOutDecimal", orNull: amountOutDecimal)
        writer.field("amountOutBase", orNull: amountOut)
        writer.field("realisedSlippageBps", orNull: realisedSlippageBps)
        writer.field("legs", orNull: legs)
        writer.field("filled", orNull: filled)
        writer.field("stageMs", orNull: stageMs)
        writer.field("attempts", attempts)
        writer.field("lastError", orNull: lastError)
    }
}
