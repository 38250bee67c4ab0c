/// The kinds of events: finer than the status.
public enum EventType: String, Sendable, Hashable, CaseIterable {
    /// Waits for its price: from the beginning, or again.
    case open
    /// Its terms were amended while it waited.
    case amended
    /// Its price was reached.
    case triggered
    /// Accepted.
    case pending
    /// Quotes are fetched, or are in.
    case routing
    /// The transaction is made, or ready.
    case building
    /// The transaction is sent.
    case submitted
    /// An attempt failed.
    case executionFailed = "execution-failed"
    /// The order waits for its next attempt.
    case retryPending = "retry-pending"
    /// Filled.
    case confirmed
    /// Given up.
    case failed
    case cancelled
    /// Its time ended before its price was reached.
    case expired

    /// Whether the order ended with it although a part may have been filled.
    var leavesFill: Bool { self == .failed || self == .cancelled || self == .expired }
}

/// How far an order is, in per cent, as events show it.
public enum Progress {
    /// Accepted, waiting for a price, cancelled, expired or failed.
    public static let none = 0
    /// Quotes are being fetched.
    public static let fetchingQuotes = 10
    /// Quotes are in, the route is chosen.
    public static let routed = 30
    /// The transaction is being built.
    public static let building = 50
    /// The transaction is ready.
    public static let built = 70
    /// Filled.
    public static let confirmed = 100

    /// The transaction of that attempt (from 1) is sent: 80, 85, 90.
    public static func submitted(attempt: Int) -> Int { 75 + 5 * min(max(0, attempt), 3) }
}
