import Orders

/// One of four workers: two of each stage.
struct Worker {
    /// How far the worker's program has got. A decision and the step after it are one point if what was decided upon cannot change in between.
    enum Point: UInt8 {
        case idle
        /// It has an entry and has not begun.
        case read
        /// It has read an order that is routed, and builds without having told anybody.
        case prepared
        /// It has begun and found nothing submitted.
        case begun
        /// It follows a transaction.
        case following
        /// It still has to do the part that a mutation has divided off its step.
        case owing
    }

    /// What a worker knows of the order's place.
    enum Sight: UInt8 {
        case none
        /// The order is where the worker has seen it.
        case current
        /// The worker has seen the place, or has moved the order there, in this action.
        case fresh
    }

    var point = Point.idle
    var sight = Sight.none
    var slot = OrderModel.gone
    /// The transaction that the worker follows or has sent. Zero if there is none.
    var signature: UInt8 = 0
}

/// What the chain knows of a signature, and whether its transaction can still land.
enum Signature: UInt8 {
    case none, unsent, taken, dropped, landed, failed
    /// Its last valid slot is over, and it has not landed.
    case over

    /// Whether it was sent and its outcome is not certain.
    var isOpen: Bool { self == .taken || self == .dropped }
}

/// One order, its workers, its transactions, and the faults that may still happen. It is compared and hashed as bytes, so every member is one byte,
/// without padding.
struct World {
    /// What the steps that led here have broken.
    struct Flaws: OptionSet {
        let rawValue: UInt8
        static let illegalMove = Flaws(rawValue: 1)
        static let illegalStatus = Flaws(rawValue: 2)
        static let writtenByStranger = Flaws(rawValue: 4)
        static let submittedLate = Flaws(rawValue: 8)
        static let attemptLost = Flaws(rawValue: 16)
    }

    static let workers = 4
    static let signatures = 4
    /// Owners besides the two workers of a stage: the dead sender of the stray step, and any other dead worker.
    static let deadSender: UInt8 = 3
    static let dead: UInt8 = 4
    private static let strayToken: UInt8 = 5

    var order = OrderModel()
    var workers = InlineArray<4, Worker>(repeating: Worker())
    var signatures = InlineArray<4, Signature>(repeating: .none)
    /// A step that was sent and has not arrived, and of which its sender has heard nothing. Without a consumer there is none.
    var stray = Command()
    var crashes: UInt8
    var lostReplies: UInt8
    var duplicates: UInt8
    var strays: UInt8
    var cancels: UInt8
    var deadlines: UInt8
    var burials: UInt8
    var lastStatus = OrderStatus.pending
    var flaws = Flaws()
    /// The number of final events.
    var ends: UInt8 = 0
    /// Whether an event has a number but was not written.
    var lacksEvent = false

    init(_ bounds: Bounds) {
        order.rests = bounds.rests
        crashes = bounds.crashes
        lostReplies = bounds.lostReplies
        duplicates = bounds.duplicates
        strays = bounds.strays
        cancels = bounds.cancels
        deadlines = bounds.deadlines
        burials = bounds.burials
    }

    static func stage(of worker: Int) -> Stage { worker < 2 ? .router : .executor }
    static func name(of worker: Int) -> UInt8 { UInt8(worker & 1) + 1 }
    static func token(of worker: Int) -> UInt8 { UInt8(worker) + 1 }

    var landed: Int { (0..<Self.signatures).count { signatures[$0] == .landed } }

    func signature(of worker: Int) -> Signature {
        let held = workers[worker].signature
        return held == 0 ? .none : signatures[Int(held) - 1]
    }

    // MARK: Steps

    /// Runs a step, and notes what an audit would find wrong with it.
    ///
    /// - Parameter isSeen: for a usual step, whether the order is still where the worker has seen it.
    mutating func run(_ command: Command, isSeen: Bool = false, _ rules: Rules) -> Answer {
        let before = order.state
        let owner = command.slot == OrderModel.gone ? command.consumer : order.entries[Int(command.slot)].owner
        let answer =
            command.isUsual
            ? order.performUsually(command, isSeen: isSeen, without: rules.mutation)
            : order.perform(command, maxStarts: rules.bounds.starts, without: rules.mutation)
        if answer.outcome == .ok || answer.outcome == .again, owner != command.consumer { flaws.insert(.writtenByStranger) }
        if answer.outcome == .ok, command.step == .submit, order.isPastDeadline { flaws.insert(.submittedLate) }
        if answer.outcome == .ok, command.step == .rest, order.attempt != 1 { flaws.insert(.attemptLost) }
        note(answer, from: before)
        return answer
    }

    mutating func note(_ answer: Answer, from before: OrderState) {
        // A usual submission leads through `building`.
        let before = answer.third != nil && before == .routed ? .building : before
        if before != order.state, !Legal.leads(from: before, to: order.state) { flaws.insert(.illegalMove) }
        for status in [answer.first, answer.second, answer.third] {
            guard let status else { continue }
            if !Legal.follows(lastStatus, status) { flaws.insert(.illegalStatus) }
            lastStatus = status
            if status.isFinal { ends += 1 }
        }
    }

    /// Makes a signature that no worker has sent. Zero if the bounds of the model leave no place.
    mutating func sign() -> UInt8 {
        for index in 0..<Self.signatures where signatures[index] == .none {
            signatures[index] = .unsent
            return UInt8(index) + 1
        }
        return 0
    }

    // MARK: Workers

    mutating func rest(_ worker: Int) {
        workers[worker] = Worker()
        let token = Self.token(of: worker)
        let isAwaited = stray.consumer != 0 && stray.token == token
        if isAwaited { stray.token = Self.strayToken }
        if order.startsToken == token { order.startsToken = isAwaited ? Self.strayToken : 0 }
    }

    /// Ends a worker's process. Another process takes its place under a new name.
    mutating func crash(_ worker: Int) {
        let name = Self.name(of: worker), stage = Self.stage(of: worker)
        let isSender = stray.consumer == name && stray.token == Self.token(of: worker)
        for slot in 0..<OrderModel.slots where order.entries[slot].owner == name && order.entries[slot].post.stage == stage {
            order.entries[slot].owner = isSender && stray.slot == UInt8(slot) ? Self.deadSender : Self.dead
        }
        if isSender { stray.consumer = Self.deadSender }
        rest(worker)
    }

    /// Hands the entries of a worker back, as if they had not been delivered to it.
    mutating func handBack(_ worker: Int) {
        order.release(Self.token(of: worker))
        for slot in 0..<OrderModel.slots where order.entries[slot].owner == Self.name(of: worker) {
            guard order.entries[slot].post.stage == Self.stage(of: worker), order.entries[slot].deliveries == 1 else { continue }
            order.entries[slot].deliveries = 0
        }
    }

    // MARK: Tidying

    /// Makes worlds equal if no action can tell them apart. `before` is the order as it was before the action that led here.
    mutating func tidy(after before: OrderModel) {
        look(after: before)
        for worker in 0..<Self.workers { workers[worker].slot = tidied(workers[worker].slot) }
        if stray.consumer != 0 { stray.slot = tidied(stray.slot) }
        for index in 0..<Self.signatures where !isHeld(UInt8(index) + 1) {
            switch signatures[index] {
            // No worker has the bytes of a dropped transaction, so none can send them again.
            case .unsent, .dropped, .failed, .over: signatures[index] = .none
            case .none, .taken, .landed: break
            }
        }
    }

    /// Who has seen the order elsewhere does not see where it has gone. A usual step that is still under way then does nothing any more.
    private mutating func look(after before: OrderModel) {
        let hasMoved = !order.isAtPlace(of: before)
        for worker in 0..<Self.workers {
            switch workers[worker].sight {
            case .fresh: workers[worker].sight = .current
            case .current where hasMoved: workers[worker].sight = .none
            case .current, .none: break
            }
        }
        if hasMoved, stray.isUsual { stray = Command() }
    }

    private func tidied(_ slot: UInt8) -> UInt8 { slot == OrderModel.gone || order.entries[Int(slot)].post.isNone ? OrderModel.gone : slot }

    private func isHeld(_ signature: UInt8) -> Bool {
        order.transaction == signature || stray.transaction == signature || (0..<Self.workers).contains { workers[$0].signature == signature }
    }
}

/// The bounds of an exploration and the check that it leaves out.
struct Rules: Sendable {
    let bounds: Bounds
    var mutation: Mutation?
}

extension World: Hashable {
    static func == (one: World, other: World) -> Bool {
        withUnsafeBytes(of: one) { one in
            withUnsafeBytes(of: other) { other in
                for offset in stride(from: 0, to: one.count, by: 8)
                where one.loadUnaligned(fromByteOffset: offset, as: UInt64.self) != other.loadUnaligned(fromByteOffset: offset, as: UInt64.self) {
                    return false
                }
                return true
            }
        }
    }

    /// A digest by FNV over words, mixed at the end.
    var digest: UInt64 {
        withUnsafeBytes(of: self) { bytes in
            var digest: UInt64 = 0xcbf2_9ce4_8422_2325
            for offset in stride(from: 0, to: bytes.count, by: 8) {
                digest = (digest ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x9E37_79B9_7F4A_7C15
                digest ^= digest >> 29
            }
            return digest
        }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
