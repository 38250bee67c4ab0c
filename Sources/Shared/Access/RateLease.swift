/// The part of a caller's token bucket that one process holds.
///
/// The bucket is in Redis, so that all processes together keep to its rate. A process takes tokens from it in blocks ahead of need, so that a request
/// waits for nothing. The first requests of a caller are let through on credit, which the bucket is charged with afterwards: at most one block a
/// process. Pure; the caller gives the time.
public struct RateLease: Sendable, Equatable {
    /// Requests a second, over all processes.
    public let rate: Int
    /// Requests at once.
    public let burst: Int
    /// Tokens that were taken from the bucket and not used.
    private var tokens = 0
    /// Requests that were let through and not charged yet.
    private var owed = 0
    /// What was left in the bucket when it was asked last.
    private var left: Int
    /// Monotonic milliseconds before which the bucket has nothing to give.
    private var emptyUntil: UInt64 = 0
    /// Monotonic milliseconds before which the bucket is not asked: it could not be reached.
    private var silentUntil: UInt64 = 0
    private var isAsking = false
    /// When it was used last, in monotonic milliseconds.
    public private(set) var usedAt: UInt64 = 0

    /// What a process asks of the bucket.
    public struct Claim: Sendable, Equatable {
        /// Requests to charge it with, whatever it has.
        public let owed: Int
        /// Further tokens that are wanted.
        public let wanted: Int
    }

    /// Whether a request may go on.
    public enum Verdict: Sendable, Equatable {
        case granted
        /// Milliseconds until it makes sense to ask again.
        case refused(wait: UInt64)
    }

    /// A lease of a bucket that nothing is known of.
    public init(rate: Int, burst: Int) {
        self.rate = rate
        self.burst = burst
        left = burst
    }

    /// Tokens of one claim: those of a tenth of a second.
    private var block: Int { max(1, min(rate / 10, burst)) }

    /// Requests that can still be made now, as far as is known.
    public var remaining: Int { max(0, left + tokens - owed) }

    /// Judges a request.
    public mutating func take(at now: UInt64) -> Verdict {
        usedAt = now
        if tokens > 0 {
            tokens -= 1
            return .granted
        }
        guard now >= emptyUntil, owed < block else { return .refused(wait: max(1, emptyUntil > now ? emptyUntil - now : UInt64(1000 / rate))) }
        owed += 1
        return .granted
    }

    /// Whether there is something to ask the bucket for, now or once it can be asked.
    public func isShort(at now: UInt64) -> Bool { owed > 0 || (tokens <= block / 2 && now >= emptyUntil) }

    /// What to ask the bucket for now; nil if nothing is needed, or an answer is awaited. Each claim needs a call of `settle` or `fail`.
    public mutating func claim(at now: UInt64) -> Claim? {
        guard !isAsking, now >= silentUntil, isShort(at: now) else { return nil }
        isAsking = true
        return Claim(owed: owed, wanted: block)
    }

    /// Takes the bucket's answer to a claim.
    ///
    /// - Parameters:
    ///   - granted: tokens given, at most those wanted.
    ///   - left: what the bucket has left.
    ///   - wait: milliseconds until it has a token; 0 if it has one.
    public mutating func settle(_ claim: Claim, granted: Int, left: Int, wait: UInt64, at now: UInt64) {
        isAsking = false
        owed -= min(owed, claim.owed)
        tokens += max(0, min(granted, claim.wanted))
        self.left = left
        emptyUntil = tokens > 0 ? 0 : now + wait
    }

    /// The bucket could not be asked. The process then gives what the rate allows by itself: a limit must not end the service.
    public mutating func fail(_ claim: Claim, at now: UInt64) {
        settle(claim, granted: max(0, block - claim.owed), left: 0, wait: 0, at: now)
        silentUntil = now + UInt64(1000 * block / rate)
    }

    /// Whether it can be forgotten: it is not in use, and the bucket would be full again by now.
    public func isIdle(at now: UInt64) -> Bool { !isAsking && now >= usedAt + 1000 + UInt64(1000 * burst / rate) }
}
