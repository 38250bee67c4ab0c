public import JSON

extension OrderEvent: JSONWritable {
    /// The JSON text of the fields, without the keys that have no value.
    public var json: String { JSONWriter.value(self) }

    /// Writes the object.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("orderId", orderId)
            $0.field("seq", seq)
            $0.field("type", type.rawValue)
            $0.field("status", status.rawValue)
            $0.field("progress", progress)
            $0.field("timestamp", timestamp)
            $0.field("message", message)
            $0.field("attempt", ifPresent: attempt)
            $0.field("maxAttempts", ifPresent: maxAttempts)
            $0.field("chosenDex", ifPresent: chosenDex)
            $0.field("quote", ifPresent: quote)
            $0.field("quotes", ifPresent: quotes)
            $0.field("reason", ifPresent: reason)
            $0.field("unavailable", ifPresent: unavailable)
            writeOutcome(to: &$0)
            $0.field("clientOrderId", ifPresent: clientOrderId)
            $0.field("traceparent", ifPresent: traceparent)
        }
    }

    private func writeOutcome(to writer: inout JSONWriter) {
        writer.field("txHash", ifPresent: txHash)
        writer.field("executedPrice", ifPresent: executedPrice)
        writer.field("amountOut", ifPresent: amountOut)
        writer.field("amountOutDecimal", ifPresent: amountOutDecimal)
        writer.field("realisedSlippageBps", ifPresent: realisedSlippageBps)
        writer.field("networkFeeLamports", ifPresent: networkFeeLamports)
        writer.field("legs", ifPresent: legs)
        writer.field("error", ifPresent: error)
        writer.field("transient", ifPresent: transient)
        writer.field("retriesRemaining", ifPresent: retriesRemaining)
        writer.field("delayMs", ifPresent: delayMs)
        writer.field("nextAttempt", ifPresent: nextAttempt)
        writer.field("totalAttempts", ifPresent: totalAttempts)
        writer.field("filled", ifPresent: filled)
        writer.field("stageMs", ifPresent: stageMs)
    }

    /// Reads an event. The first seven keys must be there; every key that is there must be of its kind; unknown keys are ignored.
    public init(json: JSONValue) throws(RecordError) {
        let record = Record("event", json)
        self.init(
            orderId: try record.id("orderId"), seq: try record.integer("seq", in: 1...Seq.most), type: try record.choice("type"),
            status: try record.choice("status"), progress: try record.integer("progress", in: 0...100), timestamp: try record.text("timestamp"),
            message: try record.text("message"), attempt: try record.optionalInteger("attempt"),
            maxAttempts: try record.optionalInteger("maxAttempts"))
        chosenDex = try record.optionalText("chosenDex")
        quote = try record.optionalObject("quote") { value throws(RecordError) in try Quote(json: value) }
        quotes = try record.optionalList("quotes") { value throws(RecordError) in try Quote(json: value) }
        reason = try record.optionalText("reason")
        unavailable = try record.optionalList("unavailable") { value throws(RecordError) in try UnavailableVenue(json: value) }
        clientOrderId = try record.optionalText("clientOrderId")
        traceparent = try record.optionalText("traceparent")
        try readOutcome(record)
    }

    private mutating func readOutcome(_ record: Record) throws(RecordError) {
        txHash = try record.optionalText("txHash")
        executedPrice = try record.optionalText("executedPrice")
        amountOut = try record.optionalUnits("amountOut")
        amountOutDecimal = try record.optionalText("amountOutDecimal")
        realisedSlippageBps = try record.optionalInteger("realisedSlippageBps")
        networkFeeLamports = try record.optionalUnsigned("networkFeeLamports")
        legs = try record.optionalList("legs") { value throws(RecordError) in try OrderLeg(json: value) }
        error = try record.optionalObject("error") { value throws(RecordError) in try OrderFailure(json: value) }
        transient = try record.optionalBool("transient")
        retriesRemaining = try record.optionalInteger("retriesRemaining")
        delayMs = try record.optionalUnsigned("delayMs")
        nextAttempt = try record.optionalInteger("nextAttempt")
        totalAttempts = try record.optionalInteger("totalAttempts")
        filled = try record.optionalObject("filled") { value throws(RecordError) in try PartialFill(json: value) }
        stageMs = try record.optionalObject("stageMs") { value throws(RecordError) in try StageTimes(json: value) }
    }
}
