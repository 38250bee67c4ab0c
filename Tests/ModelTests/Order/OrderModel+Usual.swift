import Orders

extension OrderModel {
    /// One run of a script that takes usual steps. It takes the step whole, or answers `unusual` and changes nothing.
    ///
    /// - Parameter isSeen: whether the order is still at the place that the worker has seen. The first step of the router needs no such place.
    mutating func performUsually(_ command: Command, isSeen: Bool, without mutation: Mutation? = nil) -> Answer {
        guard isUsual(command, isSeen: isSeen, mutation) else { return Answer(.unusual) }
        defer { if mutation == .usualUncounted { isCounted = true } }
        guard command.step == .submit else { return write(command) }
        // The executor begins and submits at once.
        state = .building
        let submitted = write(command)
        return Answer(.ok, .building, submitted.first, submitted.second)
    }

    private func isUsual(_ command: Command, isSeen: Bool, _ mutation: Mutation?) -> Bool {
        guard command.slot != Self.gone, !isGone else { return false }
        let entry = entries[Int(command.slot)]
        guard entry.owner == command.consumer || mutation == .usualForStranger else { return false }
        guard entry.deliveries == 1 || !command.isFirst else { return false }
        guard !isPastDeadline || command.step == .confirm || mutation == .usualPastDeadline else { return false }
        if mutation == .usualUnseen, command.step != .routeBegin { return true }
        guard state == command.usualSource, named == command.slot else { return false }
        return command.step == .routeBegin ? round == 1 && attempt == 1 : isSeen
    }
}

extension Command {
    /// Whether the usual step is a start, which is not counted and therefore only for the first delivery.
    fileprivate var isFirst: Bool { step == .routeBegin || step == .submit }

    /// The state in which the step is usual.
    fileprivate var usualSource: OrderState {
        switch step {
        case .routeDone: .routing
        case .submit: .routed
        case .confirm: .submitted
        default: .pending
        }
    }
}
