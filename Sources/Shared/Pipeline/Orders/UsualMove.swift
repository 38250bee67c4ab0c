internal import Orders

/// A move that most orders make once: one or two steps that `advance_many` takes at once, many orders in one call.
enum UsualMove: String, CaseIterable {
    /// The router has a route.
    case route
    /// The executor begins and submits. The order is built within this process in the meantime, so nobody sees it being built for long.
    case submit
    /// The transaction landed.
    case confirm

    /// The steps that the move takes, in this order.
    var steps: [OrderStep] {
        switch self {
        case .route: [.routeDone]
        case .submit: [.buildBegin, .submit]
        case .confirm: [.confirm]
        }
    }

    /// The state from which an order moves, on its first attempt.
    var source: OrderState {
        switch self {
        case .route: .routing
        case .submit: .routed
        case .confirm: .submitted
        }
    }

    var target: OrderState { steps[steps.count - 1].target }
    var finishes: Bool { steps[steps.count - 1].finishes }
    var handsOn: Stage? { steps[steps.count - 1].handsOn }
    /// Whether the move counts as a start, which only the first delivery of an entry makes without being counted.
    var begins: Bool { steps[0].begins }
    /// Whether the deadline of an order ends it in the source state.
    var expires: Bool { OrderStep.miss.sources.contains(source) }

    /// The move whose last step this is; nil if there is none.
    init?(endingWith step: OrderStep) {
        guard let move = Self.allCases.first(where: { $0.steps.last == step }) else { return nil }
        self = move
    }
}
