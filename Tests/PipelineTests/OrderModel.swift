import Orders

@testable import Pipeline

/// What must become of one order, without Redis: the page of the state machine, by way of `OrderStep`.
struct OrderModel {
    /// An entry of a work stream.
    struct Entry {
        let stage: Stage
        let round: Int
        /// The consumer that holds it; nil before it was read.
        var owner: String?
        var isDone = false
    }

    /// What a step answers.
    enum Outcome: Equatable {
        case ok, again, stale, fenced, duplicate, conflict, ended
    }

    let maxStarts: Int
    private(set) var state = OrderState.pending
    private(set) var round = 1
    private(set) var attempt = 1
    private(set) var seq = 1
    private(set) var statuses: [OrderStatus] = [.pending]
    private(set) var deadLetters = 0
    /// The retry that waits.
    private(set) var retry: Entry?
    private var starts: (stage: Stage, round: Int, count: Int, token: String)?
    var isPastDeadline = false
    /// By id; those that the order's own steps have added get theirs when they are read.
    var entries: [String: Entry] = [:]
    /// What the order's steps and promotions have put on the streams and nobody has read yet.
    var unread: [Entry] = [Entry(stage: .router, round: 1)]

    init(maxStarts: Int) { self.maxStarts = maxStarts }

    mutating func begin(_ id: String, as consumer: String, token: String) -> Outcome {
        let stage = entries[id]!.stage
        if let refusal = refusal(id, consumer) {
            if refusal == .conflict {
                entries[id]!.isDone = true
                deadLetters += 1
            }
            return refusal
        }
        if expires(id) { return .ended }
        if starts?.stage != stage || starts?.round != round { starts = (stage, round, 0, "") }
        if starts!.token != token {
            if starts!.count == maxStarts { return poison(id) }
            starts = (stage, round, starts!.count + 1, token)
        }
        let step: OrderStep = stage == .router ? .routeBegin : .buildBegin
        guard step.sources.contains(state) else { return .again }
        move(to: step.target, events: [step.target.status])
        return .ok
    }

    mutating func step(_ request: StepRequest, _ id: String, as consumer: String) -> Outcome {
        if let refusal = refusal(id, consumer) { return refusal }
        let step = request.step
        if step != .fail, expires(id) { return .ended }
        guard step.sources.contains(state) else { return step.target == state ? .again : .conflict }
        let before = state
        move(to: step.target, events: request.events.map { $0.type == .executionFailed ? before.status : step.target.status })
        if request.step == .submit { statuses[statuses.count - 2] = .building }
        if step != .submit { entries[id]!.isDone = true }
        if state == .routed { unread.append(Entry(stage: .executor, round: round)) }
        if state == .waiting || state == .requote {
            round += 1
            attempt += request.usesAttempt ? 1 : 0
            retry = Entry(stage: state == .waiting ? .executor : .router, round: round)
        }
        return .ok
    }

    /// Whether the order could be cancelled.
    mutating func cancel() -> Bool {
        guard OrderStep.cancel.sources.contains(state) else { return state == .cancelled }
        move(to: .cancelled, events: [.cancelled])
        return true
    }

    mutating func sweep() -> Int {
        guard isPastDeadline, OrderStep.expire.sources.contains(state) else { return 0 }
        move(to: .failed, events: [.failed])
        return 1
    }

    /// How many retries were handed back.
    mutating func promote() -> Int {
        defer { retry = nil }
        guard let due = retry, !state.isFinal else { return 0 }
        unread.append(due)
        return 1
    }

    private mutating func refusal(_ id: String, _ consumer: String) -> Outcome? {
        let entry = entries[id]!
        if entry.isDone { return .stale }
        if entry.owner != consumer { return .fenced }
        let isAhead = round > entry.round || (round == entry.round && entry.stage == .router && state.stage == .executor)
        if state.isFinal || isAhead {
            entries[id]!.isDone = true
            return .duplicate
        }
        return round < entry.round || state.stage != entry.stage ? .conflict : nil
    }

    private mutating func expires(_ id: String) -> Bool {
        guard isPastDeadline, state != .submitted else { return false }
        move(to: .failed, events: [.failed])
        entries[id]!.isDone = true
        return true
    }

    private mutating func poison(_ id: String) -> Outcome {
        entries[id]!.isDone = true
        deadLetters += 1
        if state != .submitted { move(to: .failed, events: [.failed]) }
        return .ended
    }

    private mutating func move(to next: OrderState, events: [OrderStatus]) {
        state = next
        seq += events.count
        statuses += events
    }
}
