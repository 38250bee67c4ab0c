import Orders

extension World {
    /// The same world with the two workers of each stage in a fixed order. The workers differ only in their names.
    var canonical: World {
        var world = self
        for first in [0, 2] where world.rank(first) > world.rank(first + 1) { world.exchange(first) }
        return world
    }

    private mutating func exchange(_ first: Int) {
        (workers[first], workers[first + 1]) = (workers[first + 1], workers[first])
        let stage = Self.stage(of: first)
        for slot in 0..<OrderModel.slots where order.entries[slot].post.stage == stage && !order.entries[slot].post.isNone {
            order.entries[slot].owner = Self.exchanged(order.entries[slot].owner)
        }
        order.startsToken = exchanged(order.startsToken, first)
        stray.token = exchanged(stray.token, first)
        if stray.stage == stage { stray.consumer = Self.exchanged(stray.consumer) }
    }

    /// A number from all that may tell one worker from the other, so that a world has one canonical form.
    private func rank(_ worker: Int) -> UInt64 {
        let held = workers[worker], name = Self.name(of: worker), stage = Self.stage(of: worker), token = Self.token(of: worker)
        var rank = UInt64(held.point.rawValue) << 40 | UInt64(held.slot) << 32 | UInt64(held.signature) << 24
        rank |= UInt64(held.sight.rawValue) << 20
        if order.startsToken == token { rank |= 1 << 16 }
        if stray.token == token { rank |= 2 << 16 }
        if stray.stage == stage, stray.consumer == name { rank |= 4 << 16 }
        for slot in 0..<OrderModel.slots where order.entries[slot].owner == name && order.entries[slot].post.stage == stage {
            rank |= 1 << UInt64(slot)
        }
        return rank
    }

    private static func exchanged(_ name: UInt8) -> UInt8 { name == 1 || name == 2 ? 3 - name : name }

    private func exchanged(_ token: UInt8, _ first: Int) -> UInt8 {
        let (one, other) = (Self.token(of: first), Self.token(of: first + 1))
        return token == one ? other : token == other ? one : token
    }
}

extension Command {
    /// The stage that takes the step. Nil if there is none. For `fail` and `rest` it is the stage in which the order was seen.
    fileprivate var stage: Stage? {
        switch step {
        case .routeBegin, .routeDone, .routeRetry: .router
        case .buildBegin, .submit, .confirm, .retry, .requote: .executor
        case .fail, .rest: seen?.stage
        case .cancel, .miss, .fire, .expire: nil
        }
    }
}
