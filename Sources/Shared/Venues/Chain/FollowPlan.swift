internal import EventLoop

/// The transactions under way on a chain, ordered by when the chain is asked about each of them next.
///
/// It has no clock: the caller passes the time. A transaction is sent first. From then on it is looked at when `LookPolicy` says, and sent again when
/// the chain has had no trace of it for a while. What was taken out to ask is not given out again before its report was noted. What is not due costs
/// nothing.
struct FollowPlan: Sendable {
    /// Names a transaction for as long as it is followed. It is never used again.
    typealias ID = UInt64

    enum Errand: Sendable, Equatable {
        case send, look
    }

    fileprivate struct Course: Sendable {
        var errand = Errand.send
        /// The number of its place in the queue; nil while the chain is being asked. Older places of it in the queue are void.
        var place: UInt64?
        /// When the chain last had a trace of it, or was sent it.
        var lastTrace: MonotonicInstant
        /// Times in a row that the chain was asked and named no time to come at which the outcome is due.
        var fruitless = 0
        /// Whether the bell rang while the chain was being asked: the answer may be older than the bell.
        var isRung = false
    }

    private let policy: LookPolicy
    private var courses: [ID: Course] = [:]
    private var queue = DueQueue<(id: ID, place: UInt64)>()
    private var lastID: ID = 0
    private var lastPlace: UInt64 = 0

    init(_ policy: LookPolicy = LookPolicy()) { self.policy = policy }

    /// The number of transactions that are followed.
    var count: Int { courses.count }

    /// Begins to follow a transaction. It is to be sent now.
    mutating func follow(at now: MonotonicInstant) -> ID {
        lastID += 1
        courses[lastID] = Course(lastTrace: now)
        ask(lastID, at: now)
        return lastID
    }

    /// Stops following a transaction. A report about it that is still to come changes nothing.
    mutating func forget(_ id: ID) { courses[id] = nil }

    /// Lets a transaction that was sent be looked at now: something has happened to it.
    mutating func ring(_ id: ID, at now: MonotonicInstant) {
        guard let course = courses[id], course.errand == .look else { return }
        if course.place == nil { courses[id]?.isRung = true } else { ask(id, at: now) }
    }

    /// When the chain has to be asked next; nil if there is nothing to ask.
    mutating func nextErrand() -> MonotonicInstant? {
        while let (due, (id, place)) = queue.first {
            if courses[id]?.place == place { return due }
            queue.removeFirst()
        }
        return nil
    }

    /// Takes out what is due, at most `limit` transactions. Each needs a call of `note`, or of `forget`.
    mutating func take(at now: MonotonicInstant, upTo limit: Int) -> [(id: ID, errand: Errand)] {
        var taken: [(id: ID, errand: Errand)] = []
        while taken.count < limit, let next = nextErrand(), next <= now, let (id, _) = queue.first?.element, let course = courses[id] {
            queue.removeFirst()
            courses[id]?.place = nil
            taken.append((id, course.errand))
        }
        return taken
    }

    /// Notes what the chain has said about a transaction that was taken out. Returns its outcome if that is certain; then it is no longer followed.
    ///
    /// - Parameter jitter: gives a random part of a time.
    mutating func note(
        _ report: TransactionReport, of id: ID, at now: MonotonicInstant, jitter: (Duration) -> Duration
    ) -> TransactionOutcome? {
        guard var course = courses[id] else { return nil }
        if case .settled(let outcome) = report {
            courses[id] = nil
            return outcome
        }
        let next = course.next(after: report, at: now, policy, jitter)
        let isRung = course.isRung && course.errand == .look
        course.isRung = false
        courses[id] = course
        ask(id, at: isRung ? now : next)
        return nil
    }

    private mutating func ask(_ id: ID, at moment: MonotonicInstant) {
        lastPlace += 1
        courses[id]?.place = lastPlace
        queue.add((id, lastPlace), due: moment)
    }
}

extension FollowPlan.Course {
    /// Notes a report, and says when the chain is to be asked again.
    fileprivate mutating func next(
        after report: TransactionReport, at now: MonotonicInstant, _ policy: LookPolicy, _ jitter: (Duration) -> Duration
    ) -> MonotonicInstant {
        // A chain that says "now" when it is looked at, and is not ready, is like one that cannot tell: to ask it at once would not end.
        if case .onItsWay(let due?) = report, due > .zero || errand == .send {
            trace(at: now)
            if due > .zero { fruitless = 0 }
            return policy.look(dueAfter: due, at: now)
        }
        fruitless += 1
        let next = policy.look(afterFruitless: fruitless, at: now, jitter: jitter)
        switch report {
        case .unavailable: return next
        case .unknown where errand == .look: return sendAgain(at: now, policy) ?? min(next, lastTrace + policy.resend)
        default:
            trace(at: now)
            return next
        }
    }

    private mutating func trace(at now: MonotonicInstant) {
        lastTrace = now
        errand = .look
    }

    private mutating func sendAgain(at now: MonotonicInstant, _ policy: LookPolicy) -> MonotonicInstant? {
        guard lastTrace + policy.resend <= now else { return nil }
        errand = .send
        return now
    }
}
