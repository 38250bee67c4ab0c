import JSON

/// A field of `EventDetails`: how it is written, read, shown by an order's view, and renewed by a newer event.
struct EventField: Sendable {
    /// The key in the JSON.
    let name: String
    /// Writes key and value; nothing if there is no value.
    let write: @Sendable (EventDetails, inout JSONWriter) -> Void
    /// Writes key and value; null if there is no value.
    let show: @Sendable (EventDetails, inout JSONWriter) -> Void
    /// Reads the value; it may be missing or null.
    let read: @Sendable (Record, inout EventDetails) throws(RecordError) -> Void
    /// Takes over the value of a newer event, if that has one.
    let renew: @Sendable (inout EventDetails, _ newer: EventDetails) -> Void

    /// The table: every field in the order of the JSON.
    static let all = [
        field("attempt", \.attempt),
        field("maxAttempts", \.maxAttempts),
        field("clientOrderId", \.clientOrderId),
        field("traceparent", \.traceparent),
        field("chosenDex", \.chosenDex),
        field("quote", \.quote),
        field("legs", \.legs),
        field("quotes", \.quotes),
        field("txHash", \.txHash),
        field("reason", \.reason),
        field("unavailable", \.unavailable),
        // Some dialects show it as a number.
        field("executedPrice", \.executedPrice) { record throws(RecordError) in try record.optional(number: "executedPrice") },
        field("amountOut", \.amountOut),
        field("amountOutDecimal", \.amountOutDecimal),
        field("realisedSlippageBps", \.realisedSlippageBps),
        field("networkFeeLamports", \.networkFeeLamports),
        waiting("waitsFor", \.waitsFor),
        waiting("markPrice", \.markPrice),
        waiting("markAt", \.markAt),
        field("error", \.error),
        field("transient", \.transient),
        field("retriesRemaining", \.retriesRemaining),
        field("delayMs", \.delayMs),
        field("nextAttempt", \.nextAttempt),
        field("totalAttempts", \.totalAttempts),
        field("filled", \.filled),
        field("stageMs", \.stageMs),
    ]

    /// The fields that a compact event may have, by name. The others follow from the order and from earlier events.
    static let added = Dictionary(uniqueKeysWithValues: all.filter { !derived.contains($0.name) }.map { ($0.name, $0) })
    /// The names of those others.
    static let derived: Set<String> = ["attempt", "maxAttempts", "clientOrderId", "traceparent", "stageMs"]

    /// The fields that an order's view shows, in the order of its JSON. `amountOutBase` is an old name of `amountOut`.
    static let shown = [
        field("quotes", \.quotes),
        field("chosenDex", \.chosenDex),
        field("reason", \.reason),
        field("txHash", \.txHash),
        field("executedPrice", \.executedPrice),
        field("amountOut", \.amountOut),
        field("amountOutDecimal", \.amountOutDecimal),
        field("amountOutBase", \.amountOut),
        field("realisedSlippageBps", \.realisedSlippageBps),
        field("legs", \.legs),
        field("filled", \.filled),
        field("stageMs", \.stageMs),
    ]

    /// A field that only orders with a price have. A key path costs more than to see that an event has none of them.
    private static func waiting<Value: RecordValue & JSONWritable & Sendable>(
        _ name: String, _ value: any WritableKeyPath<EventDetails, Value?> & Sendable
    ) -> EventField {
        let whole = field(name, value)
        return EventField(
            name: name, write: { details, writer in if details.isOfWaiting { whole.write(details, &writer) } }, show: whole.show, read: whole.read,
            renew: { details, newer in if newer.isOfWaiting { whole.renew(&details, newer) } })
    }

    private static func field<Value: RecordValue & JSONWritable & Sendable>(
        _ name: String, _ value: any WritableKeyPath<EventDetails, Value?> & Sendable,
        reading read: (@Sendable (Record) throws(RecordError) -> Value?)? = nil
    ) -> EventField {
        EventField(
            name: name,
            write: { details, writer in writer.field(name, ifPresent: details[keyPath: value]) },
            show: { details, writer in writer.field(name, orNull: details[keyPath: value]) },
            read: { (record, details) throws(RecordError) in
                if let read { details[keyPath: value] = try read(record) } else { details[keyPath: value] = try record.optional(name) }
            },
            renew: { details, newer in if let renewed = newer[keyPath: value] { details[keyPath: value] = renewed } })
    }
}
