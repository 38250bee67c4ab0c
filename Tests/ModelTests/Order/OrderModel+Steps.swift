import Orders

/// A script's answer, and the statuses of the events that it has written.
struct Answer: Equatable {
    /// `unusual`: the script for usual steps has left the order as it was.
    enum Outcome: UInt8 { case ok, again, stale, fenced, duplicate, unknown, conflict, ended, unusual }

    let outcome: Outcome
    var first: OrderStatus?
    var second: OrderStatus?
    var third: OrderStatus?

    init(_ outcome: Outcome, _ first: OrderStatus? = nil, _ second: OrderStatus? = nil, _ third: OrderStatus? = nil) {
        self.outcome = outcome
        self.first = first
        self.second = second
        self.third = third
    }
}

/// A step as a worker asks for it.
struct Command {
    var step = OrderStep.routeBegin
    /// The state in which the worker saw the order, for a step that gives an attempt up. Nil in other steps.
    var seen: OrderState?
    var slot = OrderModel.gone
    var consumer: UInt8 = 0
    var token: UInt8 = 0
    var transaction: UInt8 = 0
    /// Whether a failure uses up an attempt. Every failure but a stale quote does.
    var usesAttempt = true
    /// Whether the script for usual steps is asked.
    var isUsual = false

    var begins: Bool { step == .routeBegin || step == .buildBegin }
}

extension OrderModel {
    /// One run of the script `step`.
    mutating func perform(_ command: Command, maxStarts: UInt8, without mutation: Mutation? = nil) -> Answer {
        let slot = command.slot
        guard slot != Self.gone else { return Answer(.stale) }
        let entry = entries[Int(slot)]
        guard entry.owner == command.consumer || mutation?.dropsFence == true else { return Answer(.fenced) }
        if let refusal = compare(entry.post, command, mutation) { return refusal }
        if isPastDeadline, command.step != .fail, mutation == .sweepSubmitted || state != .submitted {
            acknowledge(slot)
            return end(.failed, .ended)
        }
        if command.begins, let end = start(entry, command, maxStarts, mutation) { return end }
        guard Legal.leads(command.step, from: state) || mutation == .submitTwice && command.step == .submit && state == .submitted else {
            return Answer(command.begins || command.step.target == state ? .again : .conflict)
        }
        if let seen = command.seen, seen != state, mutation?.dropsSeenState != true { return Answer(.conflict) }
        return write(command)
    }

    private mutating func compare(_ post: Post, _ command: Command, _ mutation: Mutation?) -> Answer? {
        if isGone {
            if command.begins { bury(command.slot, isInDoubt: false) }
            return Answer(.unknown)
        }
        guard mutation != .dropCompare else { return nil }
        let isAhead = round > post.round || (round == post.round && post.stage == .router && state.stage == .executor)
        if isFinal || isAhead {
            acknowledge(command.slot)
            return Answer(.duplicate)
        }
        guard round < post.round || state.stage != post.stage else { return nil }
        if command.begins { bury(command.slot, isInDoubt: false) }
        return Answer(.conflict)
    }

    /// Counts a start, once per delivery. Returns an answer if it was one start too many. A usual first start is not written, so a later delivery
    /// takes it as made.
    private mutating func start(_ entry: Entry, _ command: Command, _ maxStarts: UInt8, _ mutation: Mutation?) -> Answer? {
        if startsPost != entry.post { (startsPost, starts, startsToken) = (entry.post, entry.deliveries > 1 ? 1 : 0, 0) }
        guard startsToken != command.token else { return nil }
        if starts >= maxStarts {
            let isInDoubt = state == .submitted && mutation != .poisonSubmitted
            bury(command.slot, isInDoubt: isInDoubt)
            return isInDoubt ? Answer(.ended) : end(.failed, .ended)
        }
        starts += 1
        startsToken = command.token
        return nil
    }

    mutating func write(_ command: Command) -> Answer {
        let before = state
        state = command.step.target
        isCounted = !isFinal
        switch command.step {
        case .routeBegin, .buildBegin: return Answer(.ok, state.status)
        case .submit:
            transaction = command.transaction
            return Answer(.ok, .building, .submitted)
        case .routeDone:
            // Before the old entry's slot becomes free: a worker that still holds the old entry must not take the new one for it.
            let next = add(Post(.executor, round: Int(round)))!
            acknowledge(command.slot)
            named = next
            return Answer(.ok, .routing)
        case .routeRetry, .retry, .requote:
            acknowledge(command.slot)
            startOver(usesAttempt: command.usesAttempt)
            return Answer(.ok, before.status, state.status)
        case .confirm, .cancel, .miss, .fire, .expire:
            acknowledge(command.slot)
            return Answer(.ok, state.status)
        case .rest:
            acknowledge(command.slot)
            round += 1
            attempt = command.usesAttempt ? attempt + 1 : 1
            (transaction, named, rests) = (0, Self.armed, rests - 1)
            return Answer(.ok, .open)
        case .fail:
            acknowledge(command.slot)
            return Answer(.ok, before.status, .failed)
        }
    }

    private mutating func startOver(usesAttempt: Bool) {
        round += 1
        if usesAttempt { attempt += 1 } else { stale += 1 }
        transaction = 0
        let index = (0..<retries.count).first { retries[$0].isNone }
        retries[index!] = post
        named = Self.aRetry
    }

    mutating func end(_ state: OrderState, _ outcome: Answer.Outcome) -> Answer {
        self.state = state
        isCounted = !isFinal
        return Answer(outcome, state.status)
    }
}

/// `OrderStep` and `StatusMachine` as tables, because sets are too slow for millions of look-ups.
enum Legal {
    private static let steps: [Bool] = OrderStep.allCases.flatMap { step in OrderState.allCases.map { step.sources.contains($0) } }
    private static let moves: [Bool] = OrderStatus.allCases.flatMap { from in OrderStatus.allCases.map { StatusMachine.canMove(from: from, to: $0) } }
    private static let states = OrderState.allCases.count
    private static let statuses = OrderStatus.allCases.count

    static func leads(_ step: OrderStep, from state: OrderState) -> Bool { steps[ordinal(step) * states + ordinal(state)] }

    /// Whether some step leads from one state to the other.
    static func leads(from state: OrderState, to next: OrderState) -> Bool {
        OrderStep.allCases.contains { $0.target == next && leads($0, from: state) }
    }

    static func follows(_ status: OrderStatus, _ next: OrderStatus) -> Bool { moves[ordinal(status) * statuses + ordinal(next)] }

    /// The number of the case. An enum without payload has only this number in memory.
    private static func ordinal<Case>(_ value: Case) -> Int { Int(unsafeBitCast(value, to: UInt8.self)) }
}
