internal import EventLoop

/// Counts what a client sends, to find one that sends more in a second than it may.
///
/// The seconds are those of the clock and not of the sweeps, which come late while the server is busy: a client that keeps to the limit must not be
/// closed for that. The clock is read for the first of a second, and at the limit.
@ServiceActor
struct SecondCount {
    private var began = MonotonicInstant(nanoseconds: 0)
    private var count = 0

    /// Counts one more. Returns whether there were more than `limit` in less than a second. After a second, the one over the limit begins a new one.
    mutating func isOver(_ limit: Int, at now: @autoclosure () -> MonotonicInstant = .now) -> Bool {
        if count == 0 { began = now() }
        count += 1
        guard count > limit else { return false }
        let now = now()
        guard now - began >= .seconds(1) else { return true }
        (began, count) = (now, 1)
        return false
    }
}
