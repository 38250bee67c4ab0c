internal import EventLoop

/// Decides whether a venue is asked. It is closed while the venue answers, open for a while after failures in a row, then half open for one trial.
///
/// It has no clock: the caller passes the time. The outcome of a request that was admitted before the breaker last opened or half opened does not
/// count. So a burst of late failures is one failure, and a late answer does not end a pause.
struct CircuitBreaker: Sendable {
    /// When it opens, and for how long.
    struct Limits: Sendable {
        /// Failures in a row that open it.
        var failures = 5
        /// The first pause; each failed trial doubles it.
        var firstPause = Duration.seconds(2)
        /// The longest pause, even if the venue itself asks for a longer one.
        var longestPause = Duration.seconds(60)
    }

    enum State: Sendable, Equatable {
        case closed(failures: Int)
        case open(until: MonotonicInstant)
        /// One trial is under way.
        case halfOpen
    }

    enum Outcome: Sendable, Equatable {
        /// The venue has answered with a quote.
        case answered
        /// The venue has said that it has no quote for this request, so the venue works. Such requests neither open the breaker nor keep it closed:
        /// failures before and after them count as if the venue had not been asked.
        case judged
        case failed
        /// The venue has said how long to wait before it is asked again.
        case heldOff(Duration)
        /// Nobody waited for the answer, so it says nothing about the venue.
        case abandoned
    }

    /// The permission to ask once. The outcome is reported with it.
    struct Pass: Sendable {
        fileprivate let epoch: Int
    }

    private(set) var state = State.closed(failures: 0)
    private let limits: Limits
    private var pause: Duration
    private var epoch = 0

    init(_ limits: Limits = Limits()) {
        self.limits = limits
        pause = limits.firstPause
    }

    /// Gives the permission to ask; nil if the venue must not be asked now.
    mutating func admit(at now: MonotonicInstant) -> Pass? {
        switch state {
        case .closed: break
        case .open(let until):
            guard until <= now else { return nil }
            state = .halfOpen
            epoch += 1
        case .halfOpen: return nil
        }
        return Pass(epoch: epoch)
    }

    /// Takes the outcome of a pass. `jitter` lengthens a pause, so that replicas do not come back at the same time.
    mutating func report(_ outcome: Outcome, of pass: Pass, at now: MonotonicInstant, jitter: (Duration) -> Duration = { _ in .zero }) {
        guard pass.epoch == epoch else { return }
        switch (state, outcome) {
        case (_, .answered):
            pause = limits.firstPause
            state = .closed(failures: 0)
        case (_, .heldOff(let wait)):
            let wait = min(wait, limits.longestPause)
            open(until: now + wait + jitter(wait))
        case (.closed(let failures), .failed) where failures + 1 < limits.failures:
            state = .closed(failures: failures + 1)
        case (.halfOpen, .failed):
            pause = min(pause * 2, limits.longestPause)
            open(until: now + pause + jitter(pause))
        case (_, .failed): open(until: now + pause + jitter(pause))
        case (.halfOpen, .abandoned): open(until: now)
        case (.halfOpen, .judged): state = .closed(failures: 0)
        case (_, .judged), (_, .abandoned): break
        }
    }

    private mutating func open(until moment: MonotonicInstant) {
        state = .open(until: moment)
        epoch += 1
    }

    /// How long the venue is still left out; zero if the breaker is not open.
    func remaining(at now: MonotonicInstant) -> Duration { if case .open(let until) = state { max(.zero, until - now) } else { .zero } }
}
