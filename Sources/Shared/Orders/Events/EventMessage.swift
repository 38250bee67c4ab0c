/// The messages of events, in the wording of the progress dialect.
public enum EventMessage {
    /// `open`, for an order that waits for its price in the wording of its terms.
    public static func waiting(for what: String) -> String { "Order waits for \(what)" }
    /// `expired`.
    public static let expired = "Order expired before its price was reached"
    /// `cancelled`, for the other order of a pair.
    public static let otherFilled = "Order cancelled because the other order of the pair is filled"
    /// `pending`.
    public static let pending = "Order created and queued"
    /// `routing` (10).
    public static let fetchingQuotes = "Fetching quotes from multiple DEXs..."
    /// `building` (70).
    public static let built = "Transaction built, ready to submit"
    /// `confirmed`.
    public static let confirmed = "Order successfully executed"
    /// `cancelled`.
    public static let cancelled = "Order cancelled"

    /// `routing` (30).
    public static func received(quotes count: Int) -> String { "Received \(count) quote\(count == 1 ? "" : "s")" }

    /// `building` (50).
    public static func building(dex: String) -> String { "Building transaction on \(dex)..." }

    /// `submitted`.
    public static func submitting(attempt: Int, maxAttempts: Int) -> String { "Submitting transaction (attempt \(attempt)/\(maxAttempts))..." }

    /// `retry-pending`; the delay in milliseconds is shown in seconds with one decimal, half up.
    public static func retrying(delayMs: UInt64, nextAttempt: Int, maxAttempts: Int) -> String {
        let tenths = delayMs / 100 + (delayMs % 100 >= 50 ? 1 : 0)
        return "Retrying in \(tenths / 10).\(tenths % 10) s (attempt \(nextAttempt)/\(maxAttempts))"
    }
}
