internal import Glibc

/// The clocks of a logger: wall time for people, monotonic time for intervals.
struct LogClock: Sendable {
    /// Milliseconds since 1970, UTC.
    let wall: @Sendable () -> Int64
    /// Nanoseconds since a fixed moment.
    let monotonic: @Sendable () -> Int64

    static let system = LogClock(
        wall: { nanoseconds(CLOCK_REALTIME) / 1_000_000 },
        monotonic: { nanoseconds(CLOCK_MONOTONIC) })

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// UTC time as ISO 8601 with milliseconds.
enum ISOTime {
    /// `2026-01-10T07:30:17.789Z` for milliseconds since 1970.
    static func text(milliseconds: Int64) -> String {
        // Rounded down, so that the milliseconds are never negative.
        var seconds = time_t(milliseconds >= 0 ? milliseconds / 1_000 : (milliseconds - 999) / 1_000)
        let fraction = Int32(milliseconds - Int64(seconds) * 1_000)
        var date = tm()
        gmtime_r(&seconds, &date)
        let day = [padded(date.tm_year + 1900, to: 4), padded(date.tm_mon + 1, to: 2), padded(date.tm_mday, to: 2)]
        let clock = [date.tm_hour, date.tm_min, date.tm_sec].map { padded($0, to: 2) }
        return "\(day.joined(separator: "-"))T\(clock.joined(separator: ":")).\(padded(fraction, to: 3))Z"
    }

    private static func padded(_ value: Int32, to width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
