/// When each event that repeats may be logged again.
struct LogLimits {
    private struct Limit {
        var nextAllowed: Int64
        var suppressed: Int
    }

    /// Event names are literals of the program, so this is never reached; it keeps a mistake from growing without bound.
    private static let maxEvents = 256
    private var limits: [String: Limit] = [:]

    /// How many lines were held back since the last one that was allowed; nil when this one is held back too.
    /// - Parameter now: monotonic nanoseconds.
    mutating func admit(_ event: String, every interval: Duration, now: Int64) -> Int? {
        if var limit = limits[event], now < limit.nextAllowed {
            limit.suppressed += 1
            limits[event] = limit
            return nil
        }
        if limits.count >= Self.maxEvents, limits[event] == nil {
            limits.removeAll()
        }
        let suppressed = limits[event]?.suppressed ?? 0
        limits[event] = Limit(nextAllowed: now + interval.nanoseconds, suppressed: 0)
        return suppressed
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
