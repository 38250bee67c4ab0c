/// The legal transitions of an order. Each is one run of one script. A transition that is not in this table never happens.
///
/// The scripts get the table from here when they are loaded.
public enum OrderStep: String, Sendable, Hashable, CaseIterable {
    case routeBegin
    /// The router has a route.
    case routeDone
    /// The router got no quote and must wait.
    case routeRetry
    case buildBegin
    /// The executor stores a signature. A transaction is sent only after that.
    case submit
    /// The transaction landed.
    case confirm
    /// The executor tries the same route again after a wait.
    case retry
    /// The executor asks for a fresh quote.
    case requote
    /// The router or the executor gives up. From `submitted` only if the outcome is known.
    case fail
    case cancel
    /// The deadline passes.
    case miss
    /// A mark has reached the price that the order waits for.
    case fire
    /// The limit price is not met at the order's own size. The order waits again, and this was no attempt.
    case rest
    /// The time ends in which the order waits.
    case expire

    /// The states a step may start from.
    public var sources: Set<OrderState> {
        switch self {
        case .routeBegin: [.pending, .requote]
        case .routeDone, .routeRetry: [.routing]
        case .buildBegin: [.routed, .waiting]
        case .submit: [.building]
        case .confirm: [.submitted]
        case .retry, .requote: [.building, .submitted]
        case .fail: [.pending, .requote, .routing, .routed, .building, .waiting, .submitted]
        case .miss: [.pending, .requote, .routing, .routed, .building, .waiting]
        case .cancel: [.open, .pending, .requote, .routing, .routed, .building, .waiting]
        case .fire, .expire: [.open]
        case .rest: [.routing, .building, .submitted]
        }
    }

    /// The state that the step ends in; never one of its sources.
    public var target: OrderState {
        switch self {
        case .routeBegin: .routing
        case .routeDone: .routed
        case .routeRetry, .requote: .requote
        case .buildBegin: .building
        case .submit: .submitted
        case .confirm: .confirmed
        case .retry: .waiting
        case .fail, .miss: .failed
        case .cancel: .cancelled
        case .fire: .pending
        case .rest: .open
        case .expire: .expired
        }
    }

    /// Whether a worker begins a stage with this step. Of the steps of an entry, this one counts as a start.
    public var begins: Bool { self == .routeBegin || self == .buildBegin }

    /// Whether the step finishes the entry that brought the order to its stage. A step without an entry in hand finishes none.
    public var finishes: Bool {
        switch self {
        case .routeDone, .routeRetry, .confirm, .retry, .requote, .fail, .rest: true
        case .routeBegin, .buildBegin, .submit, .cancel, .miss, .fire, .expire: false
        }
    }

    /// The stage that gets the order next; nil if the order stays with its worker or is final.
    public var handsOn: Stage? { finishes ? target.stage : nil }

    /// Whether the order starts over with this step: in a new round, after a wait, and without the transactions of the last attempt.
    public var startsOver: Bool { self == .routeRetry || self == .retry || self == .requote || self == .rest }
}

/// The changes of status that an observer of an order may see.
public enum StatusMachine {
    /// Whether an event with status `next` may directly follow one with status `status`.
    ///
    /// A status may repeat while the order is worked on: for quotes asked for and received, for a transaction built and ready, for a failed attempt.
    /// It may repeat while the order waits, too: for terms that were amended.
    public static func canMove(from status: OrderStatus, to next: OrderStatus) -> Bool {
        if status == next { return [.open, .routing, .building, .submitted].contains(status) }
        return OrderStep.allCases.contains { step in
            step.target.status == next && step.sources.contains { $0.status == status }
        }
    }
}
