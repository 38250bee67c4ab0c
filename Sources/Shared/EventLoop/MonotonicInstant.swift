internal import Glibc

/// A moment on the monotonic clock of the machine. This clock does not jump when the wall clock is set.
public struct MonotonicInstant: Sendable, Comparable {
    /// Nanoseconds since an arbitrary start.
    public let nanoseconds: UInt64

    /// A moment by its nanoseconds.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static var now: MonotonicInstant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// Milliseconds since an arbitrary start.
    public var milliseconds: UInt64 { nanoseconds / 1_000_000 }

    /// The time that has passed since this moment.
    public var elapsed: Duration { MonotonicInstant.now - self }

    public static func < (a: MonotonicInstant, b: MonotonicInstant) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The time from the second moment to the first; negative if the first is earlier.
    public static func - (a: MonotonicInstant, b: MonotonicInstant) -> Duration { .nanoseconds(Int64(bitPattern: a.nanoseconds &- b.nanoseconds)) }

    /// The moment that is later by a duration, at most the last possible one.
    public static func + (a: MonotonicInstant, b: Duration) -> MonotonicInstant {
        let (sum, overflow) = Int64(clamping: a.nanoseconds).addingReportingOverflow(b.nanosecondsClamped)
        return MonotonicInstant(nanoseconds: overflow ? UInt64(Int64.max) : UInt64(max(0, sum)))
    }
}

extension Duration {
    /// The duration in nanoseconds, clamped to the range of the type.
    public var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }

    /// The duration in whole milliseconds, rounded up, so that a timer never fires early.
    public var millisecondsRoundedUp: Int64 {
        let nanoseconds = nanosecondsClamped
        return nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
    }

    /// The duration in seconds, for metrics and logs.
    public var seconds: Double { Double(nanosecondsClamped) / 1e9 }
}
