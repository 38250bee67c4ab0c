public import JSON

/// An order as `GET /api/orders/{id}` shows it: the part that never changes, and the newest values of its events.
@dynamicMemberLookup
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

    /// The part that never changes.
    public let order: Order
    /// The newest status; pending before the first event.
    public private(set) var status: OrderStatus = .pending
    /// The newest value of each field of the events. Each reads as a field of the view: `view.chosenDex`.
    public private(set) var details = EventDetails()
    /// All events, oldest first.
    public private(set) var logs: [LogEntry] = []
    /// The time of the newest event.
    public private(set) var updatedAt: String

    /// The attempt of the newest event.
    public var attempts: Int { details.attempt ?? 1 }
    public var lastError: String? { details.error?.message }

    /// Folds an order's events, given in order of `seq`.
    public init(order: Order, events: some Sequence<OrderEvent>) {
        self.order = order
        updatedAt = Timestamp.text(milliseconds: order.createdAt)
        for event in events { apply(event) }
    }

    /// A field of `details`.
    public subscript<Value>(dynamicMember field: KeyPath<EventDetails, Value>) -> Value { details[keyPath: field] }

    /// Takes in the next event.
    public mutating func apply(_ event: OrderEvent) {
        status = event.status
        details.renew(by: event.details)
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
    /// The JSON text with every key, null if it has no value. In a list, the answer has one `success` for all, so its orders are written without it.
    ///
    /// - Parameter distance: how far an order that waits is from its price; nil for others, or if it is not known.
    public func json(includesSuccess: Bool = true, distance: TriggerDistance? = nil) -> String {
        var writer = JSONWriter(capacity: 2048)
        write(to: &writer, includesSuccess: includesSuccess, distance)
        return writer.text
    }

    public func write(to writer: inout JSONWriter) { write(to: &writer, includesSuccess: true, nil) }

    private func write(to writer: inout JSONWriter, includesSuccess: Bool, _ distance: TriggerDistance?) {
        writer.object {
            if includesSuccess { $0.field("success", true) }
            writeRequest(to: &$0)
            writeWaiting(distance, to: &$0)
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
        writer.field("orderType", order.orderType.rawValue)
        order.writeTerms(to: &writer)
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
        for field in EventField.shown { field.show(details, &writer) }
        writer.field("attempts", attempts)
        writer.field("lastError", orNull: lastError)
    }
}

extension OrderView {
    /// Writes what an order that is not a market order waits for, and what has woken it.
    private func writeWaiting(_ distance: TriggerDistance?, to writer: inout JSONWriter) {
        if status == .open {
            writer.field("waitsFor", ifPresent: distance?.waitsFor.level ?? details.waitsFor)
            writer.field("mark", ifPresent: distance?.mark)
            writer.field("distanceBps", ifPresent: distance?.bps)
        }
        writer.field("markPrice", ifPresent: details.markPrice)
    }

    /// Writes the object for a row of a list, without quotes, legs and logs. Names and values are those of the whole view.
    public func writeSummary(distance: TriggerDistance? = nil, to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", order.id)
            $0.field("orderId", order.id)
            $0.field("tokenIn", order.tokenIn.symbol)
            $0.field("tokenOut", order.tokenOut.symbol)
            $0.field("amountInDecimal", order.amount)
            $0.field("status", status.rawValue)
            $0.field("orderType", order.orderType.rawValue)
            order.writeTerms(to: &$0)
            writeWaiting(distance, to: &$0)
            $0.field("userId", orNull: order.userId)
            $0.field("chosenDex", orNull: details.chosenDex)
            $0.field("amountOutDecimal", orNull: details.amountOutDecimal)
            $0.field("realisedSlippageBps", orNull: details.realisedSlippageBps)
            $0.field("attempts", attempts)
            $0.field("lastError", orNull: lastError)
            $0.field("createdAt", Timestamp.text(milliseconds: order.createdAt))
            $0.field("updatedAt", updatedAt)
        }
    }
}
