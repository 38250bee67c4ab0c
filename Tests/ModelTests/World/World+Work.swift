import Orders

/// What a worker with an entry does next, and what may happen to it.
extension World {
    func work(of worker: Int, _ rules: Rules, _ emit: Emit) {
        leave(worker, emit)
        let held = workers[worker]
        switch held.point {
        case .idle: break
        case .read:
            if Self.stage(of: worker) == .router { askUsually(worker, .routeBegin, rules, emit) } else { prepare(worker, emit) }
            askToBegin(worker, rules, emit)
            giveUp(worker, emit)
        case .prepared:
            askUsually(worker, .submit, rules, emit)
            askToBegin(worker, rules, emit)
        case .begun: proceed(worker, rules, emit)
        case .following: follow(worker, rules, emit)
        case .owing: catchUp(worker, rules, emit)
        }
    }

    // MARK: Programs

    private func askToBegin(_ worker: Int, _ rules: Rules, _ emit: Emit) {
        ask(worker, Self.stage(of: worker) == .router ? .routeBegin : .buildBegin, rules, emit)
    }

    /// Reads an order that comes for the first time, as far as its worker knows, and whose entry stands for it.
    private func prepare(_ worker: Int, _ emit: Emit) {
        let slot = workers[worker].slot
        guard slot != OrderModel.gone, order.state == .routed, order.named == slot, !order.isGone else { return }
        let entry = order.entries[Int(slot)]
        guard entry.deliveries == 1 || entry.owner != Self.name(of: worker) else { return }
        var next = self
        next.workers[worker].point = .prepared
        next.workers[worker].sight = .fresh
        emit(.prepares(worker), next)
    }

    private func proceed(_ worker: Int, _ rules: Rules, _ emit: Emit) {
        let hasAttempts = order.attempt < rules.bounds.attempts
        if Self.stage(of: worker) == .router {
            askUsually(worker, .routeDone, rules, emit)
            ask(worker, .routeDone, rules, emit)
            if hasAttempts { ask(worker, .routeRetry, seen: .routing, rules, emit) }
            waitAgain(worker, seen: .routing, rules, emit)
            ask(worker, .fail, seen: .routing, rules, emit)
            split(worker, rules, emit)
            return
        }
        ask(worker, .submit, rules, emit)
        if order.stale < rules.bounds.staleQuotes { ask(worker, .requote, seen: .building, usesAttempt: false, rules, emit) }
        if hasAttempts { ask(worker, .retry, seen: .building, rules, emit) }
        ask(worker, .fail, seen: .building, rules, emit)
        waitAgain(worker, seen: .building, rules, emit)
        split(worker, rules, emit)
    }

    private func waitAgain(_ worker: Int, seen: OrderState, _ rules: Rules, _ emit: Emit) {
        guard order.rests > 0 else { return }
        ask(worker, .rest, seen: seen, usesAttempt: rules.mutation == .restUsesAttempt, rules, emit)
    }

    private func follow(_ worker: Int, _ rules: Rules, _ emit: Emit) {
        let signature = signature(of: worker)
        if signature == .unsent || signature == .dropped { send(worker, emit) }
        let hasAttempts = order.attempt < rules.bounds.attempts
        var mayRetry = signature == .failed
        var mayRequote = signature == .failed || signature == .over
        if rules.mutation == .signBeforeExpiry, signature == .unsent || signature == .dropped { mayRequote = true }
        if rules.mutation == .expireWithoutLook, signature == .landed { mayRequote = true }
        if signature == .landed {
            askUsually(worker, .confirm, rules, emit)
            ask(worker, .confirm, rules, emit)
        }
        if mayRequote { waitAgain(worker, seen: .submitted, rules, emit) }
        guard hasAttempts else {
            if mayRetry || mayRequote { ask(worker, .fail, seen: .submitted, rules, emit) }
            return
        }
        mayRetry = mayRetry && hasAttempts
        if mayRetry { ask(worker, .retry, seen: .submitted, rules, emit) }
        if mayRequote { ask(worker, .requote, seen: .submitted, rules, emit) }
    }

    private func send(_ worker: Int, _ emit: Emit) {
        var next = self
        let signature = workers[worker].signature
        next.signatures[Int(signature) - 1] = .taken
        emit(.sends(worker, signature), next)
    }

    // MARK: Asking

    private func ask(
        _ worker: Int, _ step: OrderStep, seen: OrderState? = nil, usesAttempt: Bool = true, _ rules: Rules, _ emit: Emit
    ) {
        var next = self
        var command = Command(
            step: step, seen: seen, slot: workers[worker].slot, consumer: Self.name(of: worker), token: Self.token(of: worker),
            usesAttempt: usesAttempt)
        if step == .submit {
            command.transaction = workers[worker].signature == 0 ? next.sign() : workers[worker].signature
            guard command.transaction != 0 else { return }
        }
        if strays > 0 { stray(command, worker, next, rules, emit) }
        let answer = next.run(command, rules)
        if lostReplies > 0 {
            var deaf = next
            deaf.lostReplies -= 1
            emit(.asks(worker, step, answer.outcome, isReplyLost: true), deaf)
        }
        next.receive(answer.outcome, command, worker, rules)
        emit(.asks(worker, step, answer.outcome, isReplyLost: false), next)
    }

    /// Asks for a step as a usual one. Where it is not usual nothing happens, and the worker asks for it carefully. It is not asked for again.
    private func askUsually(_ worker: Int, _ step: OrderStep, _ rules: Rules, _ emit: Emit) {
        let isSeen = workers[worker].sight != .none
        guard isSeen || step == .routeBegin || rules.mutation == .usualUnseen else { return }
        var next = self
        var command = Command(
            step: step, slot: workers[worker].slot, consumer: Self.name(of: worker), token: Self.token(of: worker), isUsual: true)
        if step == .submit {
            command.transaction = next.sign()
            guard command.transaction != 0 else { return }
        }
        if strays > 0 { stray(command, worker, next, rules, emit) }
        let answer = next.run(command, isSeen: isSeen, rules)
        guard answer.outcome == .ok else { return }
        if lostReplies > 0 {
            var deaf = next
            deaf.lostReplies -= 1
            deaf.workers[worker].sight = .none
            emit(.asksUsually(worker, step, isReplyLost: true), deaf)
        }
        next.receive(answer.outcome, command, worker, rules)
        if next.workers[worker].point != .idle { next.workers[worker].sight = .fresh }
        emit(.asksUsually(worker, step, isReplyLost: false), next)
    }

    private mutating func receive(_ outcome: Answer.Outcome, _ command: Command, _ worker: Int, _ rules: Rules) {
        switch outcome {
        case .ok, .again:
            if rules.mutation == .eventsApart, outcome == .ok, command.step == .submit {
                lacksEvent = true
                workers[worker].point = .owing
            } else if rules.mutation == .handOnApart, outcome == .ok, command.step == .routeDone {
                order.acknowledge(order.named)
                workers[worker].point = .owing
            } else if command.begins {
                begin(worker, isResumed: outcome == .again, rules)
            } else if command.step == .submit {
                workers[worker].point = .following
                workers[worker].signature = order.transaction
            } else {
                rest(worker)
            }
        case .stale, .fenced, .duplicate, .unknown, .conflict, .ended, .unusual: rest(worker)
        }
    }

    private mutating func begin(_ worker: Int, isResumed: Bool, _ rules: Rules) {
        workers[worker].point = .begun
        guard Self.stage(of: worker) == .executor, order.state == .submitted else { return }
        workers[worker].point = .following
        workers[worker].signature = rules.mutation == .resignInsteadOfResend ? sign() : order.transaction
    }

    /// Delays the step for a long time. Its sender gives up and keeps its name, dies, or goes on: it asks again, or where the step is a usual one,
    /// carefully.
    private func stray(_ command: Command, _ worker: Int, _ world: World, _ rules: Rules, _ emit: Emit) {
        var next = world
        next.strays -= 1
        next.stray = command
        var resting = next
        resting.rest(worker)
        emit(.strays(worker, command.step, "gives up"), resting)
        var dead = next
        dead.crash(worker)
        emit(.strays(worker, command.step, "crashes"), dead)
        guard !command.isUsual else {
            next.workers[worker].sight = .none
            return emit(.strays(worker, command.step, "goes on carefully"), next)
        }
        let answer = next.run(command, rules)
        next.receive(answer.outcome, command, worker, rules)
        emit(.strays(worker, command.step, "asks again: \(answer.outcome)"), next)
    }

    func strayArrives(_ rules: Rules, _ emit: Emit) {
        guard stray.consumer != 0 else { return }
        var next = self
        // A usual step is taken out of the way as soon as the order moves.
        let answer = next.run(stray, isSeen: true, rules)
        next.stray = Command()
        emit(.arrives(stray.step, answer.outcome), next)
    }

    // MARK: Leaving

    /// A crash, a hand-back, or a renewal that says that the claim is lost.
    private func leave(_ worker: Int, _ emit: Emit) {
        if crashes > 0 {
            var crashed = self
            crashed.crashes -= 1
            crashed.crash(worker)
            emit(.crashes(worker), crashed)
            var stopped = self
            stopped.crashes -= 1
            stopped.handBack(worker)
            stopped.crash(worker)
            emit(.handsBack(worker), stopped)
        }
        let slot = workers[worker].slot
        if slot == OrderModel.gone || order.entries[Int(slot)].owner != Self.name(of: worker) {
            var next = self
            next.rest(worker)
            emit(.lets(worker), next)
        }
    }

    private func giveUp(_ worker: Int, _ emit: Emit) {
        let slot = workers[worker].slot
        guard burials > 0, slot != OrderModel.gone, order.entries[Int(slot)].owner == Self.name(of: worker) else { return }
        var next = self
        next.burials -= 1
        guard let answer = next.order.giveUp(slot) else { return }
        next.note(answer, from: order.state)
        next.rest(worker)
        emit(.buries(worker), next)
    }

    // MARK: Split steps

    private func split(_ worker: Int, _ rules: Rules, _ emit: Emit) {
        var next = self
        if rules.mutation == .ackBeforeWrite, Self.stage(of: worker) == .router, workers[worker].slot != OrderModel.gone {
            next.order.acknowledge(workers[worker].slot)
            next.workers[worker].point = .owing
            emit(.splits(worker, "acknowledges its entry"), next)
        } else if rules.mutation == .sendBeforeSubmit, Self.stage(of: worker) == .executor, workers[worker].signature == 0 {
            let signature = next.sign()
            guard signature != 0 else { return }
            next.signatures[Int(signature) - 1] = .taken
            next.workers[worker].signature = signature
            emit(.splits(worker, "sends transaction \(signature), which is not written down"), next)
        }
    }

    private func catchUp(_ worker: Int, _ rules: Rules, _ emit: Emit) {
        var next = self
        if rules.mutation == .eventsApart {
            next.lacksEvent = false
            next.workers[worker].point = .following
            next.workers[worker].signature = order.transaction
        } else {
            guard let slot = next.order.add(Post(.executor, round: Int(order.round))) else { return }
            next.order.state = .routed
            next.order.named = slot
            if rules.mutation == .ackBeforeWrite { next.note(Answer(.ok, .routing), from: order.state) }
            next.rest(worker)
        }
        emit(.catchesUp(worker), next)
    }
}
