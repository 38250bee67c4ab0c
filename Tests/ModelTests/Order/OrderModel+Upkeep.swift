import Orders

extension OrderModel {
    /// Does one run of `cancel`. Returns nil if it writes nothing.
    mutating func cancel(without mutation: Mutation? = nil) -> Answer? {
        guard !isGone, Legal.leads(.cancel, from: state) || mutation == .cancelSubmitted && state == .submitted else { return nil }
        if named == Self.armed { named = Self.nothing }
        return end(.cancelled, .ok)
    }

    /// Does one run of `fire` with a mark that has reached the order's price. Returns nil if it writes nothing.
    mutating func fire() -> Answer? {
        guard !isGone, named == Self.armed, Legal.leads(.fire, from: state), let slot = add(Post(.router, round: Int(round))) else { return nil }
        (state, named) = (.pending, slot)
        return Answer(.ok, .pending)
    }

    /// Does one run of `sweep` after the end of the wait. Returns nil if it writes nothing.
    mutating func expire() -> Answer? {
        guard !isGone, Legal.leads(.expire, from: state) else { return nil }
        named = Self.nothing
        return end(.expired, .ok)
    }

    /// Does one run of `sweep` after the deadline. Returns nil if it writes nothing.
    mutating func sweep(without mutation: Mutation? = nil) -> Answer? {
        guard isPastDeadline, !isGone, Legal.leads(.miss, from: state) || mutation == .sweepSubmitted && state == .submitted else { return nil }
        return end(.failed, .ok)
    }

    /// Does one run of `promote` for a due member of `retries`. Returns whether the retry was handed back.
    mutating func promote(_ index: Int, without mutation: Mutation? = nil) -> Bool {
        let due = retries[index]
        retries[index] = .none
        let isNamed = named == Self.aRetry && due.round == round
        guard !isGone, due.round >= round else { return false }
        if isFinal {
            if isNamed { named = Self.nothing }
            return false
        }
        guard isNamed || mutation == .promoteBlindly else { return false }
        named = add(due)!
        return true
    }

    /// Does one run of `bury` for an entry that was delivered too often. Returns nil if it writes nothing, because a start has been counted.
    mutating func giveUp(_ slot: UInt8) -> Answer? {
        let entry = entries[Int(slot)]
        guard !isGone, !isFinal, state.stage == entry.post.stage, named == slot else {
            bury(slot, isInDoubt: false)
            return Answer(.ok)
        }
        if startsPost == entry.post, Int(entry.post.round) == round, starts > 0 { return nil }
        bury(slot, isInDoubt: state == .submitted)
        return state == .submitted ? Answer(.ok) : end(.failed, .ok)
    }

    /// Does one run of `unbury`. Returns the entry's slot, or nil if it is refused.
    mutating func putBack(_ index: Int) -> UInt8? {
        let letter = letters[index]
        guard !isFinal, let slot = add(letter.post) else { return nil }
        letters[index] = Letter()
        if letter.post == post {
            named = slot
            (startsPost, starts, startsToken) = (.none, 0, 0)
        }
        return slot
    }

    /// Does one run of `release`: takes back the start of this delivery.
    mutating func release(_ token: UInt8) {
        guard startsToken == token, token != 0 else { return }
        starts -= 1
        startsToken = 0
    }
}
