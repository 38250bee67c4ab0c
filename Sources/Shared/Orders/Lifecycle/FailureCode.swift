/// Why an attempt or an order failed. The raw values are part of the API.
public enum FailureCode: String, Sendable, Hashable, CaseIterable {
    /// The output would be below the guard.
    case slippageExceeded = "SLIPPAGE_EXCEEDED"
    /// No venue trades this pair.
    case noRoute = "NO_ROUTE"
    /// No pool can fill the amount.
    case insufficientLiquidity = "INSUFFICIENT_LIQUIDITY"
    /// The quote was too old to build on.
    case quoteStale = "QUOTE_STALE"
    /// The transaction did not land while it was valid.
    case transactionExpired = "TRANSACTION_EXPIRED"
    /// The chain could not be reached, or recorded the transaction as failed.
    case network = "NETWORK"
    /// No venue answered.
    case venueUnavailable = "VENUE_UNAVAILABLE"
    /// The venues answered that they have no quote for this request, for a reason of their own.
    case quoteRefused = "QUOTE_REFUSED"
    /// The order's deadline passed.
    case deadlineExceeded = "DEADLINE_EXCEEDED"
    /// The order was started too often without getting anywhere.
    case poisoned = "POISONED"
    /// Our fault.
    case `internal` = "INTERNAL"

    /// What the pipeline does after a failure.
    public enum FollowUp: Sendable, Hashable {
        /// After a wait, a new signature on the same route.
        case sameRoute
        /// After a wait, new quotes.
        case freshQuote
        /// New quotes now.
        case freshQuoteAtOnce
        /// The order fails.
        case giveUp
    }

    /// What follows, as long as attempts are left.
    public var followUp: FollowUp {
        switch self {
        case .network: .sameRoute
        case .slippageExceeded, .transactionExpired, .venueUnavailable, .quoteRefused: .freshQuote
        case .quoteStale: .freshQuoteAtOnce
        case .noRoute, .insufficientLiquidity, .deadlineExceeded, .poisoned, .internal: .giveUp
        }
    }

    /// Whether trying again can help.
    public var retryable: Bool { followUp != .giveUp }

    /// Whether it uses up one of the order's attempts.
    public var usesAttempt: Bool { followUp == .sameRoute || followUp == .freshQuote }

    /// One clear sentence.
    public var sentence: String {
        switch self {
        case .slippageExceeded: "Price moved beyond the allowed slippage"
        case .noRoute: "No route found for this token pair"
        case .insufficientLiquidity: "Insufficient liquidity in pool"
        case .quoteStale: "Quote is too old, fetching a fresh one"
        case .transactionExpired: "Transaction expired before it landed on the chain"
        case .network: "Transaction failed on the network"
        case .venueUnavailable: "No venue answered in time"
        case .quoteRefused: "The venues refused to quote this amount of this token pair"
        case .deadlineExceeded: "Order deadline passed before all of it was submitted"
        case .poisoned: "Order was given up after too many interrupted starts"
        case .internal: "Internal error, the order was not executed"
        }
    }
}
