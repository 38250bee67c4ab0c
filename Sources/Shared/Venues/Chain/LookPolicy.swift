internal import EventLoop

/// Decides when a chain is asked about a transaction again. It has no clock: the caller passes the time.
///
/// A chain that can tell when an outcome is due is asked then. Any other is asked after waits that double. Whatever a chain says, it is asked again
/// within `longestTrust`, so that an order waits neither for a word that was lost nor for a clock that was set.
struct LookPolicy: Sendable {
    /// The first wait if nobody can tell when the outcome is due. Each further look that finds nothing doubles it.
    var firstWait = Duration.milliseconds(100)
    /// The longest of these waits.
    var longestWait = Duration.seconds(1)
    /// The longest time for which the chain's word is taken.
    var longestTrust = Duration.seconds(10)
    /// The time without a trace of a transaction after which the same bytes are sent again.
    var resend = Duration.seconds(2)
    /// Looks that are at least so far away come at the next multiple of `grid`, so that one look serves many transactions.
    var gridFrom = Duration.seconds(1)
    /// The distance of the moments that far looks come at. Zero for no such moments.
    var grid = Duration.milliseconds(16)

    /// When to look if the outcome is due after a time.
    func look(dueAfter due: Duration, at now: MonotonicInstant) -> MonotonicInstant {
        let wait = min(max(.zero, due), longestTrust)
        return wait < gridFrom ? now + wait : onGrid(now + wait)
    }

    /// When to ask after `count` looks in a row of which none could tell when the outcome is due. `jitter` gives a random part of a time: it shortens
    /// the wait, so that replicas do not ask in step.
    func look(afterFruitless count: Int, at now: MonotonicInstant, jitter: (Duration) -> Duration) -> MonotonicInstant {
        // No chain needs more doublings than these to come to the longest wait.
        let wait = min(firstWait * (1 << min(max(1, count) - 1, 16)), longestWait)
        return now + (wait - jitter(wait / 2))
    }

    private func onGrid(_ moment: MonotonicInstant) -> MonotonicInstant {
        let step = UInt64(max(1, grid.nanosecondsClamped))
        let rest = moment.nanoseconds % step
        return rest == 0 ? moment : moment + .nanoseconds(step - rest)
    }
}
