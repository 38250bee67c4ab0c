internal import Glibc

/// The clocks of a logger: wall time for what people read, monotonic time for intervals.
struct LogClock: Sendable {
    /// Milliseconds since 1970, UTC.
    let wall: @Sendable () -> Int64
    /// Nanoseconds since some fixed moment.
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
        let (days, time) = milliseconds.flooredDivision(by: 86_400_000)
        let (year, month, day) = date(days: days)
        let clock = [time / 3_600_000, time / 60_000 % 60, time / 1_000 % 60].map { padded($0, to: 2) }.joined(separator: ":")
        return "\(padded(year, to: 4))-\(padded(month, to: 2))-\(padded(day, to: 2))T\(clock).\(padded(time % 1_000, to: 3))Z"
    }

    /// The Gregorian date of a day counted from 1970-01-01. Years are taken to begin in March, so that the leap day is a year's last, and
    /// counted in eras of 400 years (146,097 days).
    private static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    private static func padded(_ value: Int64, to width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
