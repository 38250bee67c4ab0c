/// A safety check of waiting orders that is left out, to see that the exploration notices.
enum WaitMutation: CaseIterable, Sendable {
    /// `fire` does not ask whether the order still waits at the member that it has found.
    case fireWithoutStateCheck
    /// `fire` takes a mark however old it is.
    case fireStaleMark
    /// `fire` does not look at the other order of a pair.
    case fireWithoutSibling
    /// What a transaction brings at least follows from the slippage, not from the limit.
    case floorBySlippage
    /// A fill leaves the other order of the pair as it is.
    case fillLeavesOther
    /// An order that fails leaves the other one held.
    case failKeepsHeld
    /// A wait that is over puts an order back although it is held.
    case promoteHeld
    /// To cancel one that is held leaves the other one under way.
    case cancelLeavesOther
    /// An amended order leaves its old member behind, and `fire` goes by members alone.
    case amendLeavesMember
}

/// A promise about waiting orders that is broken.
enum WaitViolation: String, Sendable {
    case bothFilled = "both orders of a pair are filled"
    case firedUnreached = "an order was fired at a mark that is too old"
    case firedTwice = "an order was fired that did not wait"
    case filledBelow = "an order was filled below its limit"
    case onStreamAndInSet = "an order is on a stream and in a set"
    case stuck = "an order is held for nobody"
    case armedBeside = "an order can be fired while the other one of its pair is under way"
    case aliveAfterCancel = "an order goes on although the other one of its pair is cancelled"
    case openAfterFill = "an order waits although the other one of its pair is filled"
}

/// Something that happens next to a pair: to the order of this number, by the ticker of this number.
enum PairAction: Hashable {
    case price(PairWorld.Price)
    case time
    case mark(Int)
    case fires(Int, ticker: Int)
    case submits(Int)
    case lands(Int)
    case landsBelow(Int)
    case transactionFails(Int)
    case confirms(Int)
    case rests(Int)
    case fails(Int)
    case promotes(Int)
    case strays(Int)
    case amends(Int)
    case expires(Int)
    case cancels(Int)
}

/// Two orders of which at most one may fill, what is at the chain, the price, and two tickers. Bounded by what may go wrong.
///
/// The first order waits above the price and has a limit; the second waits below it. Fences and deliveries of workers are in the other model: here
/// one worker moves an order on.
struct PairWorld: Hashable {
    enum State: UInt8 { case open, pending, submitted, confirmed, failed, cancelled, expired }
    enum Transaction: UInt8 { case none, open, landed, failed }
    enum Price: UInt8, CaseIterable { case low, middle, high }

    struct Side: Hashable {
        var state = State.open
        /// Whether its set has its member.
        var isArmed = true
        var isHeld = false
        /// Whether it waits for its next turn in the set.
        var isResting = false
        /// Whether a stream has its entry.
        var isOnStream = false
        /// A member that stands for nothing: of before an amendment, or of a Redis that was set back.
        var hasStray = false
        var transaction = Transaction.none
        var isFilled = false

        var isUnderWay: Bool { state == .pending || state == .submitted }
        var isFinal: Bool { state.rawValue >= State.confirmed.rawValue }
    }

    struct Ticker: Hashable {
        var price: Price?
        var isOld = false
    }

    var sides = [Side(), Side()]
    var tickers = [Ticker(), Ticker()]
    var price = Price.middle
    /// What may still go wrong.
    var rests: UInt8 = 2
    var strays: UInt8 = 1
    var failures: UInt8 = 1
    var amends: UInt8 = 1
    var people: UInt8 = 1
    var flaw: WaitViolation?

    typealias Emit = (PairAction, PairWorld) -> Void

    /// Every action that can happen in this world, with the world after it.
    func actions(_ mutation: WaitMutation?, _ emit: Emit) {
        market(emit)
        for ticker in tickers.indices { tick(ticker, mutation, emit) }
        for side in sides.indices {
            work(side, mutation, emit)
            upkeep(side, mutation, emit)
        }
    }

    private func change(_ action: PairAction, _ emit: Emit, _ body: (inout PairWorld) -> Void) {
        var next = self
        body(&next)
        emit(action, next)
    }

    // MARK: Market and tickers

    private func market(_ emit: Emit) {
        for next in Price.allCases where next != price { change(.price(next), emit) { $0.price = next } }
        change(.time, emit) { for index in $0.tickers.indices where $0.tickers[index].price != nil { $0.tickers[index].isOld = true } }
    }

    private func tick(_ index: Int, _ mutation: WaitMutation?, _ emit: Emit) {
        change(.mark(index), emit) { $0.tickers[index] = Ticker(price: $0.price) }
        guard let mark = tickers[index].price, mark != .middle else { return }
        let side = mark == .high ? 0 : 1
        change(.fires(side, ticker: index), emit) { $0.fire(side, isOld: $0.tickers[index].isOld, mutation) }
    }

    /// One run of `fire` for the set of a side.
    private mutating func fire(_ side: Int, isOld: Bool, _ mutation: WaitMutation?) {
        guard !isOld || mutation == .fireStaleMark else { return }
        let isThere = sides[side].isArmed || sides[side].hasStray
        guard isThere else { return }
        let waits = sides[side].state == .open && sides[side].isArmed
        sides[side].hasStray = false
        guard waits || mutation == .fireWithoutStateCheck || mutation == .amendLeavesMember else { return }
        let other = 1 - side
        if mutation != .fireWithoutSibling {
            if sides[other].isUnderWay {
                (sides[side].isArmed, sides[side].isHeld) = (false, true)
                return
            }
            if sides[other].state == .open { (sides[other].isArmed, sides[other].isHeld) = (false, true) }
        }
        if isOld { flaw = flaw ?? .firedUnreached }
        if sides[side].state != .open { flaw = flaw ?? .firedTwice }
        (sides[side].isArmed, sides[side].isOnStream, sides[side].state) = (false, true, .pending)
    }

    // MARK: Workers and the chain

    private func work(_ side: Int, _ mutation: WaitMutation?, _ emit: Emit) {
        let own = sides[side]
        switch own.state {
        case .pending:
            change(.submits(side), emit) { ($0.sides[side].state, $0.sides[side].transaction) = (.submitted, .open) }
            rest(side, mutation, emit)
            fail(side, mutation, emit)
        case .submitted where own.transaction == .open:
            change(.lands(side), emit) { ($0.sides[side].transaction, $0.sides[side].isFilled) = (.landed, true) }
            if mutation == .floorBySlippage, side == 0 {
                change(.landsBelow(side), emit) {
                    ($0.sides[side].transaction, $0.sides[side].isFilled, $0.flaw) = (.landed, true, .filledBelow)
                }
            }
            change(.transactionFails(side), emit) { $0.sides[side].transaction = .failed }
        case .submitted where own.transaction == .landed:
            change(.confirms(side), emit) {
                $0.end(side, .confirmed)
                $0.settle(side, mutation)
            }
        case .submitted:
            rest(side, mutation, emit)
            fail(side, mutation, emit)
        case .open, .confirmed, .failed, .cancelled, .expired: break
        }
    }

    private func rest(_ side: Int, _ mutation: WaitMutation?, _ emit: Emit) {
        guard rests > 0, side == 0 else { return }
        change(.rests(side), emit) {
            $0.rests -= 1
            ($0.sides[side].state, $0.sides[side].isOnStream, $0.sides[side].isResting) = (.open, false, true)
            $0.sides[side].transaction = .none
            $0.settle(side, mutation)
        }
    }

    private func fail(_ side: Int, _ mutation: WaitMutation?, _ emit: Emit) {
        guard failures > 0 else { return }
        change(.fails(side), emit) {
            $0.failures -= 1
            $0.end(side, .failed)
            if mutation != .failKeepsHeld { $0.settle(side, mutation) }
        }
    }

    private mutating func end(_ side: Int, _ state: State) {
        sides[side].state = state
        (sides[side].isArmed, sides[side].isHeld, sides[side].isOnStream) = (false, false, false)
    }

    /// What becomes of the other order, in the same run.
    private mutating func settle(_ side: Int, _ mutation: WaitMutation?) {
        let other = 1 - side
        guard sides[other].state == .open else { return }
        if sides[side].state == .confirmed || sides[side].state == .cancelled {
            if mutation != .fillLeavesOther { end(other, .cancelled) }
        } else if sides[other].isHeld {
            (sides[other].isHeld, sides[other].isArmed) = (false, true)
        }
    }

    // MARK: Upkeep and people

    private func upkeep(_ side: Int, _ mutation: WaitMutation?, _ emit: Emit) {
        let own = sides[side]
        if own.isResting {
            change(.promotes(side), emit) {
                $0.sides[side].isResting = false
                guard own.state == .open, !own.isHeld || mutation == .promoteHeld else { return }
                ($0.sides[side].isArmed, $0.sides[side].isHeld) = (true, false)
            }
        }
        if strays > 0 {
            change(.strays(side), emit) { ($0.strays, $0.sides[side].hasStray) = ($0.strays - 1, true) }
        }
        if amends > 0, own.state == .open, own.isArmed {
            change(.amends(side), emit) {
                $0.amends -= 1
                $0.sides[side].hasStray = mutation == .amendLeavesMember
            }
        }
        guard people > 0 else { return }
        if own.state == .open {
            change(.expires(side), emit) {
                $0.people -= 1
                $0.end(side, .expired)
            }
        }
        if own.state == .open || own.state == .pending, sides[1 - side].state != .submitted {
            change(.cancels(side), emit) { $0.cancel(side, mutation) }
        }
    }

    /// Cancels a pair of which nothing is at the chain.
    private mutating func cancel(_ side: Int, _ mutation: WaitMutation?) {
        people -= 1
        end(side, .cancelled)
        guard sides[1 - side].isUnderWay else { return settle(side, mutation) }
        if mutation != .cancelLeavesOther { end(1 - side, .cancelled) }
    }

    // MARK: Judging

    var violation: WaitViolation? {
        if sides[0].isFilled && sides[1].isFilled { return .bothFilled }
        if let flaw { return flaw }
        for side in sides.indices {
            let (own, other) = (sides[side], sides[1 - side])
            if own.isOnStream && own.isArmed { return .onStreamAndInSet }
            if own.state == .open, other.state == .confirmed { return .openAfterFill }
            if own.state == .cancelled, !other.isFinal { return .aliveAfterCancel }
            if own.state == .open, own.isHeld, !other.isUnderWay { return .stuck }
            if own.isArmed, other.isUnderWay { return .armedBeside }
        }
        return nil
    }
}
