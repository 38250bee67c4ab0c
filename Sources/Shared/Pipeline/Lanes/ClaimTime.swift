internal import EventLoop

/// When the lanes of a process look for entries that nobody renews: once a second, and all of them at once. So their questions go to Redis in one
/// write, which costs it less than each alone. Other processes look at other moments.
enum ClaimTime {
    private static let interval: UInt64 = 1_000_000_000
    private static let phase = UInt64.random(in: 0..<interval)

    /// The next moment after one, within a second.
    static func next(after moment: MonotonicInstant = .now) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: ((moment.nanoseconds + interval - phase) / interval) * interval + phase)
    }
}
