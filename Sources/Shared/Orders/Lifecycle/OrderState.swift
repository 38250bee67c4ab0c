/// What people see of an order's life.
public enum OrderStatus: String, Sendable, Hashable, CaseIterable {
    /// Accepted, not begun.
    case pending
    /// Quotes are fetched and compared.
    case routing
    /// A transaction is made, or waits to be made again.
    case building
    /// A transaction is under way.
    case submitted
    /// Filled.
    case confirmed
    /// Given up.
    case failed
    /// Cancelled by its owner.
    case cancelled

    /// Whether nothing follows.
    public var isFinal: Bool { self == .confirmed || self == .failed || self == .cancelled }
}

/// The part of the pipeline whose turn it is.
public enum Stage: String, Sendable, Hashable, CaseIterable {
    /// Finds the route; reads `accepted`.
    case router
    /// Builds, submits and follows the transaction; reads `routed`.
    case executor
}

/// Where an order stands: finer than its status.
public enum OrderState: String, Sendable, Hashable, CaseIterable {
    /// Accepted; the router's turn.
    case pending
    /// The router is at it.
    case routing
    /// Routed; the executor's turn.
    case routed
    /// The executor is at it, nothing is submitted.
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
    /// Cancelled.
    case cancelled

    /// What people see in this state.
    public var status: OrderStatus {
        switch self {
        case .pending: .pending
        case .routing, .routed, .requote: .routing
        case .building, .waiting: .building
        case .submitted: .submitted
        case .confirmed: .confirmed
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }

    /// Whether nothing follows.
    public var isFinal: Bool { status.isFinal }

    /// Whose turn it is; nil where the state is final.
    public var stage: Stage? {
        switch self {
        case .pending, .routing, .requote: .router
        case .routed, .building, .submitted, .waiting: .executor
        case .confirmed, .failed, .cancelled: nil
        }
    }
}
