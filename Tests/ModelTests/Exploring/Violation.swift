import Orders

/// A promise that is broken in one world.
enum Violation: String, Sendable {
    // What people would lose.
    case landedTwice = "two transactions have landed"
    case failedAndLanded = "the order has failed and a transaction has landed"
    case cancelledAndLanded = "the order is cancelled and a transaction has landed"
    case confirmedWithoutLanding = "the order is confirmed and no transaction has landed"
    case endedTwice = "there are two final events"
    case gap = "an event is missing for good"
    case stuck = "no way leads to an end any more"
    // What keeps such losses from happening.
    case illegalMove = "a step that the table does not have"
    case illegalStatus = "a status that may not follow the one before"
    case endWithoutEvent = "the state is final without a final event, or the other way round"
    case openTransaction = "a transaction may still land, and it is not the one of a submitted order"
    case wrongEntry = "`entry` does not name what stands for the order"
    case writtenByStranger = "a step was written for a worker that does not own the entry"
    case submittedLate = "the order was submitted after its deadline"
    case attemptLost = "to wait again has used an attempt"
    case miscounted = "an order that has ended counts as open, or an open one does not count"

    /// Whether people lose something by it.
    var isHarm: Bool {
        switch self {
        case .landedTwice, .failedAndLanded, .cancelledAndLanded, .confirmedWithoutLanding, .endedTwice, .gap, .stuck: true
        case .illegalMove, .illegalStatus, .endWithoutEvent, .openTransaction, .wrongEntry, .writtenByStranger, .submittedLate, .attemptLost,
            .miscounted:
            false
        }
    }
}

extension World {
    /// What is wrong in this world. With `harmOnly`, violations that only guard against harm do not count.
    func violation(harmOnly: Bool) -> Violation? { harm ?? (harmOnly ? nil : negligence) }

    private var harm: Violation? {
        let landed = landed
        if landed > 1 { return .landedTwice }
        if landed > 0, order.state == .failed { return .failedAndLanded }
        if landed > 0, order.state == .cancelled { return .cancelledAndLanded }
        if landed == 0, order.state == .confirmed { return .confirmedWithoutLanding }
        if ends > 1 { return .endedTwice }
        if lacksEvent, !(0..<Self.workers).contains(where: { workers[$0].point == .owing }) { return .gap }
        return nil
    }

    private var negligence: Violation? {
        if flaws.contains(.illegalMove) { return .illegalMove }
        if flaws.contains(.illegalStatus) { return .illegalStatus }
        if flaws.contains(.writtenByStranger) { return .writtenByStranger }
        if flaws.contains(.submittedLate) { return .submittedLate }
        if flaws.contains(.attemptLost) { return .attemptLost }
        if order.isCounted == order.isFinal { return .miscounted }
        if order.isFinal != (ends == 1) { return .endWithoutEvent }
        for index in 0..<Self.signatures where mayLand(index) {
            guard order.state == .submitted, Int(order.transaction) == index + 1 else { return .openTransaction }
        }
        return isEntryRight ? nil : .wrongEntry
    }

    /// Whether the transaction may still land: it was sent and has no outcome, or a worker that follows it is about to send it.
    private func mayLand(_ index: Int) -> Bool {
        if signatures[index].isOpen { return true }
        guard signatures[index] == .unsent else { return false }
        return (0..<Self.workers).contains { workers[$0].point == .following && Int(workers[$0].signature) == index + 1 }
    }

    /// Whether `entry` names the one thing that stands for the order, or nothing if the order is final or in doubt.
    private var isEntryRight: Bool {
        switch order.named {
        case OrderModel.nothing: order.isFinal || isInDoubt
        case OrderModel.aRetry: hasRetry
        case OrderModel.armed: order.state == .open
        default:
            if order.isFinal { !order.entries[Int(order.named)].post.isNone } else { order.entries[Int(order.named)].post == order.post }
        }
    }

    private var hasRetry: Bool { (0..<order.retries.count).contains { order.retries[$0].round == Int(order.round) } }

    /// Whether the order is submitted, and its entry is with the dead letters until a person puts it back.
    var isInDoubt: Bool {
        order.state == .submitted && (0..<order.letters.count).contains { order.letters[$0].isInDoubt && order.letters[$0].post == order.post }
    }

    /// Whether the order is final or in doubt, and nothing is left to do.
    var isAtRest: Bool {
        guard order.isFinal || isInDoubt, order.named == OrderModel.nothing else { return false }
        return (0..<OrderModel.slots).allSatisfy { order.entries[$0].post.isNone }
            && (0..<order.retries.count).allSatisfy { order.retries[$0].isNone } && (0..<Self.workers).allSatisfy { workers[$0].point == .idle }
    }
}
