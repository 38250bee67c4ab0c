internal import EventLoop

/// How often previews may ask the venues: `perMinute` times per minute, with a few of them at once. A pure value: the caller passes the time.
///
/// Who asks much leaves a rest for those who ask little: so nobody can use up what others need, and nothing is lost while nobody else asks.
struct PreviewBudget: Sendable {
    /// Previews that may come at once after a time without any, and how many of them are left to those who ask much.
    private static let burst = (all: 5, much: 3)
    private static let minute = Duration.seconds(60)
    /// Who asks for the first time while so many are known counts as one who asks much.
    private static let mostCallers = 1000

    private let interval: Duration
    private let slack: (all: Duration, much: Duration)
    /// Previews in a minute from which on a caller asks much.
    private let much: Int
    /// When the next preview would be due if all came evenly.
    private var next = MonotonicInstant(nanoseconds: 0)
    /// When each caller has last asked the venues, at most `much` times.
    private var callers: [String: [MonotonicInstant]] = [:]

    /// - Parameter perMinute: at least 1.
    init(perMinute: Int) {
        let perMinute = max(1, perMinute)
        interval = Self.minute / perMinute
        let most = min(Self.burst.all, perMinute)
        slack = (interval * (most - 1), interval * (min(most, Self.burst.much) - 1))
        much = max(1, perMinute / 4)
    }

    /// Takes one preview out of the budget. Returns nil, or the time until one is free for this caller.
    mutating func take(by caller: String, at now: MonotonicInstant) -> Duration? {
        let due = max(next, now)
        let slack = asksMuch(caller, at: now) ? slack.much : slack.all
        guard due - now <= slack else { return due - now - slack }
        next = due + interval
        note(caller, at: now)
        return nil
    }

    private func asksMuch(_ caller: String, at now: MonotonicInstant) -> Bool {
        guard let times = callers[caller] else { return callers.count >= Self.mostCallers }
        return times.count >= much && now - times[0] < Self.minute
    }

    private mutating func note(_ caller: String, at now: MonotonicInstant) {
        if callers.count >= Self.mostCallers { callers = callers.filter { now - ($0.value.last ?? now) < Self.minute } }
        guard callers[caller] != nil || callers.count < Self.mostCallers else { return }
        callers[caller] = (callers[caller, default: []] + [now]).suffix(much)
    }
}
