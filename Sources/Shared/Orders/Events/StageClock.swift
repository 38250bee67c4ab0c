/// How long an order was in each status so far.
struct StageClock: Sendable, Hashable {
    /// The status, and since when, in Unix ms; nil before the first event.
    private var current: Period?
    private var open: UInt64?
    private var pending: UInt64?
    private var routing: UInt64?
    private var building: UInt64?
    private var submitted: UInt64?

    /// The status with the newest event; nil before the first.
    var status: OrderStatus? { current?.status }

    private struct Period: Hashable {
        let status: OrderStatus
        let since: UInt64
    }

    /// Records that an event at that time (Unix ms) gives the order a status. A time before the last one counts as that one.
    mutating func move(to status: OrderStatus, at milliseconds: UInt64) {
        if let current {
            let spent = milliseconds - min(milliseconds, current.since)
            switch current.status {
            case .open: open = Self.sum(open, spent)
            case .pending: pending = Self.sum(pending, spent)
            case .routing: routing = Self.sum(routing, spent)
            case .building: building = Self.sum(building, spent)
            case .submitted: submitted = Self.sum(submitted, spent)
            case .confirmed, .failed, .cancelled, .expired: break
            }
        }
        current = Period(status: status, since: milliseconds)
    }

    /// The times, without that since the newest event; nil for an order whose first event is not known.
    var times: StageTimes? {
        guard pending != nil || open != nil else { return nil }
        let total = [pending, routing, building, submitted].reduce(open ?? 0) { Self.sum($0, $1 ?? 0) }
        return StageTimes(open: open, pending: pending, routing: routing, building: building, submitted: submitted, total: total)
    }

    /// The sum; the largest number if it is above that.
    private static func sum(_ first: UInt64?, _ second: UInt64) -> UInt64 {
        let (sum, overflow) = (first ?? 0).addingReportingOverflow(second)
        return overflow ? .max : sum
    }
}
