/// Keeps when each repeated event may be logged again.
struct LogLimits {
    private struct Limit {
        var nextAllowed: Int64
        var suppressed: Int
    }

    /// Event names are literals of the program, so this number is never reached. It keeps a mistake from using ever more memory.
    private static let maxEvents = 256
    private var limits: [String: Limit] = [:]

    /// How many lines were held back since the last one that was allowed; nil if this line must be held back too.
    /// - Parameter now: monotonic nanoseconds.
    mutating func admit(_ event: String, every interval: Duration, now: Int64) -> Int? {
        if var limit = limits[event], now < limit.nextAllowed {
            limit.suppressed += 1
            limits[event] = limit
            return nil
        }
        if limits.count >= Self.maxEvents, limits[event] == nil { limits.removeAll() }
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
