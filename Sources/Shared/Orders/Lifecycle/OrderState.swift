/// The status of an order, as the public sees it.
public enum OrderStatus: String, Sendable, Hashable, CaseIterable {
    /// Accepted; waits for its price.
    case open
    /// Accepted, not begun.
    case pending
    /// Quotes are fetched and compared.
    case routing
    /// A transaction is made, or waits to be made again.
    case building
    /// A transaction is submitted, and its outcome is open.
    case submitted
    /// Filled.
    case confirmed
    /// Given up.
    case failed
    /// Cancelled by its owner.
    case cancelled
    /// Its time ended before its price was reached.
    case expired

    /// All of them, for a sentence: `open, pending, … or expired`.
    public static let names = allCases.dropLast().map(\.rawValue).joined(separator: ", ") + " or \(allCases[allCases.count - 1].rawValue)"

    /// Whether nothing changes the order any more.
    public var isFinal: Bool { self == .confirmed || self == .failed || self == .cancelled || self == .expired }
}

/// A stage that orders pass through.
public enum Stage: String, Sendable, Hashable, CaseIterable {
    /// Finds the route; reads `accepted`.
    case router
    /// Builds, submits and follows the transaction; reads `routed`.
    case executor
}

/// The state in which the engine has an order. It is finer than the status.
public enum OrderState: String, Sendable, Hashable, CaseIterable {
    /// Waits for its price.
    case open
    /// Accepted; waits for the router.
    case pending
    /// The router works on it.
    case routing
    /// Routed; waits for the executor.
    case routed
    /// The executor works on it, and nothing is submitted.
    case building
    /// A signature is stored; its outcome is open.
    case submitted
    /// Waits to be built again on the same route.
    case waiting
    /// Waits to be quoted again.
    case requote
    /// Filled.
    case confirmed
    /// Given up.
    case failed
    case cancelled
    /// Its time ended while it waited for its price.
    case expired

    /// The status that the public sees in this state.
    public var status: OrderStatus {
        switch self {
        case .open: .open
        case .pending: .pending
        case .routing, .routed, .requote: .routing
        case .building, .waiting: .building
        case .submitted: .submitted
        case .confirmed: .confirmed
        case .failed: .failed
        case .cancelled: .cancelled
        case .expired: .expired
        }
    }

    /// Whether nothing changes the order any more.
    public var isFinal: Bool { status.isFinal }

    /// The stage that works on the order in this state; nil if none does, because the order waits for its price or has ended.
    public var stage: Stage? {
        switch self {
        case .pending, .routing, .requote: .router
        case .routed, .building, .submitted, .waiting: .executor
        case .open, .confirmed, .failed, .cancelled, .expired: nil
        }
    }
}
