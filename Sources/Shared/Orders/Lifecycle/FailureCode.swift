/// Why an attempt or an order failed. The raw values are part of the API.
///
/// Every text is a code. A code that this version does not know was stored by a newer one; it is kept and shown as it is.
public enum FailureCode: Sendable, Hashable {
    /// The output would be below the guard.
    case slippageExceeded
    /// No venue trades this pair.
    case noRoute
    /// No pool can fill the amount.
    case insufficientLiquidity
    /// The quote was too old to build on.
    case quoteStale
    /// The transaction did not land while it was valid.
    case transactionExpired
    /// The chain could not be reached, or recorded the transaction as failed.
    case network
    /// No venue answered.
    case venueUnavailable
    /// The venues answered that they have no quote for this request, for a reason of their own.
    case quoteRefused
    /// The order's limit price was not met. An order that may wait waits again; one that is tried once fails.
    case limitNotMet
    /// The order's deadline passed.
    case deadlineExceeded
    /// The order was started too often without getting further.
    case poisoned
    /// A fault of the engine.
    case `internal`
    /// A code of a newer version. This version reads such codes and never gives one.
    case later(String)

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

    /// The next action, as long as attempts are left.
    public var followUp: FollowUp {
        switch self {
        case .network: .sameRoute
        case .slippageExceeded, .transactionExpired, .venueUnavailable, .quoteRefused: .freshQuote
        case .quoteStale: .freshQuoteAtOnce
        case .noRoute, .insufficientLiquidity, .limitNotMet, .deadlineExceeded, .poisoned, .internal, .later: .giveUp
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
        case .limitNotMet: "No venue fills the order at its limit price"
        case .deadlineExceeded: "Order deadline passed before all of it was submitted"
        case .poisoned: "Order was given up after too many interrupted starts"
        case .internal: "Internal error, the order was not executed"
        case .later(let text): "The order failed with \(text), which this version does not know"
        }
    }
}

extension FailureCode: RawRepresentable, CaseIterable {
    /// The codes that this version gives.
    public static let allCases: [FailureCode] = [
        .slippageExceeded, .noRoute, .insufficientLiquidity, .quoteStale, .transactionExpired, .network, .venueUnavailable, .quoteRefused,
        .limitNotMet, .deadlineExceeded, .poisoned, .internal,
    ]

    private static let known = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// The code of a text; `later` if this version does not know it.
    public init(rawValue: String) { self = Self.known[rawValue] ?? .later(rawValue) }

    /// The text, as it is stored and shown.
    public var rawValue: String {
        switch self {
        case .slippageExceeded: "SLIPPAGE_EXCEEDED"
        case .noRoute: "NO_ROUTE"
        case .insufficientLiquidity: "INSUFFICIENT_LIQUIDITY"
        case .quoteStale: "QUOTE_STALE"
        case .transactionExpired: "TRANSACTION_EXPIRED"
        case .network: "NETWORK"
        case .venueUnavailable: "VENUE_UNAVAILABLE"
        case .quoteRefused: "QUOTE_REFUSED"
        case .limitNotMet: "LIMIT_NOT_MET"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .poisoned: "POISONED"
        case .internal: "INTERNAL"
        case .later(let text): text
        }
    }
}
