import Orders

extension World {
    typealias Emit = (Action, World) -> Void

    /// Every action that can happen in this world, with the world after it.
    func actions(_ rules: Rules, _ emit: Emit) {
        let tidily: Emit = { action, world in
            var world = world
            world.tidy(after: order)
            emit(action, world)
        }
        for worker in 0..<Self.workers {
            if workers[worker].point == .idle { deliveries(to: worker, tidily) } else { work(of: worker, rules, tidily) }
        }
        chain(tidily)
        upkeep(rules, tidily)
        people(rules, tidily)
        strayArrives(rules, tidily)
    }

    // MARK: Deliveries

    private func deliveries(to worker: Int, _ emit: Emit) {
        let name = Self.name(of: worker)
        for slot in 0..<OrderModel.slots where !order.entries[slot].post.isNone && order.entries[slot].post.stage == Self.stage(of: worker) {
            let entry = order.entries[slot]
            var next = self
            next.order.entries[slot].owner = name
            next.order.entries[slot].deliveries = min(2, entry.deliveries + 1)
            next.workers[worker] = Worker(point: .read, slot: UInt8(slot))
            emit(entry.owner == 0 ? .reads(worker, entry.post) : .claims(worker, entry.post), next)
        }
    }

    // MARK: Chain

    private func chain(_ emit: Emit) {
        for index in 0..<Self.signatures {
            let ends: [Signature] =
                switch signatures[index] {
                case .taken: [.landed, .failed, .dropped, .over]
                case .unsent, .dropped: [.over]
                case .none, .landed, .failed, .over: []
                }
            for end in ends {
                var next = self
                next.signatures[index] = end
                emit(.chain(UInt8(index) + 1, end), next)
            }
        }
    }

    // MARK: Upkeep and people

    private func upkeep(_ rules: Rules, _ emit: Emit) {
        for index in 0..<order.retries.count where !order.retries[index].isNone {
            var next = self
            _ = next.order.promote(index, without: rules.mutation)
            emit(.promotes(order.retries[index]), next)
        }
        if deadlines > 0, !order.isFinal {
            var next = self
            next.deadlines -= 1
            next.order.isPastDeadline = true
            emit(.deadline, next)
        }
        var swept = self
        if let answer = swept.order.sweep(without: rules.mutation) {
            swept.note(answer, from: order.state)
            emit(.sweeps, swept)
        }
        var fired = self
        if let answer = fired.order.fire() {
            fired.note(answer, from: order.state)
            emit(.fires, fired)
        }
        var expired = self
        if let answer = expired.order.expire() {
            expired.note(answer, from: order.state)
            emit(.expires, expired)
        }
        // An order without its hash is done. What is left of its entries goes to the dead letters.
        if order.isFinal, order.named == OrderModel.nothing, !order.isGone {
            var next = self
            next.order.isGone = true
            emit(.leaves, next)
        }
    }

    private func people(_ rules: Rules, _ emit: Emit) {
        var cancelled = self
        if cancels > 0, let answer = cancelled.order.cancel(without: rules.mutation) {
            cancelled.cancels -= 1
            cancelled.note(answer, from: order.state)
            emit(.cancels, cancelled)
        }
        if duplicates > 0 { duplicate(emit) }
        for index in 0..<order.letters.count where !order.letters[index].post.isNone {
            var next = self
            guard next.order.putBack(index) != nil else { continue }
            emit(.putsBack(order.letters[index].post), next)
        }
    }

    /// Adds another entry for the same order: of this round, of the last, or of the next.
    private func duplicate(_ emit: Emit) {
        for stage in [Stage.router, .executor] {
            for round in max(1, order.round - 1)...order.round + 1 {
                var next = self
                next.duplicates -= 1
                let post = Post(stage, round: Int(round))
                guard next.order.add(post) != nil else { continue }
                emit(.duplicates(post), next)
            }
        }
    }
}
