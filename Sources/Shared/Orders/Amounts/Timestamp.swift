/// Points in time as Unix milliseconds and as ISO 8601 text.
public enum Timestamp {
    private static let millisecondsPerDay: Int64 = 86_400_000

    /// UTC with milliseconds, for example `2026-01-10T07:30:17.789Z`.
    public static func text(milliseconds: UInt64) -> String {
        let total = Int64(clamping: milliseconds)
        let (year, month, day) = civil(days: total / millisecondsPerDay)
        let rest = Int(total % millisecondsPerDay)
        // A year of nine digits is the longest.
        return String(unsafeUninitializedCapacity: 32) { bytes in
            var writer = DigitWriter(bytes)
            writer.write(Int(year), width: 4, then: "-")
            writer.write(month, width: 2, then: "-")
            writer.write(day, width: 2, then: "T")
            writer.write(rest / 3_600_000, width: 2, then: ":")
            writer.write(rest / 60_000 % 60, width: 2, then: ":")
            writer.write(rest / 1000 % 60, width: 2, then: ".")
            writer.write(rest % 1000, width: 3, then: "Z")
            return writer.count
        }
    }

    /// Reads `YYYY-MM-DDThh:mm[:ss[.fraction]]` with a zone (`Z`, `±hh:mm`, `±hhmm`). A blank may replace the `T`: RFC 3339 allows it, and Python
    /// writes it. Digits beyond milliseconds are dropped.
    ///
    /// - Returns: Unix milliseconds, negative before 1970; nil for any other text. A leap second counts as the first second of the next minute.
    public static func parse(_ text: String) -> Int64? {
        var reader = DigitReader(text)
        guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2), reader.take("-"), let day = reader.digits(2),
            reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.digits(2), reader.take(":"), let minute = reader.digits(2),
            (1...12).contains(month), (1...daysInMonth(year: year, month: month)).contains(day), hour < 24, minute < 60
        else { return nil }
        var second = 0
        var fraction = 0
        if reader.take(":") {
            guard let value = reader.digits(2), value <= 60 else { return nil }
            second = value
            if reader.take(".") {
                guard let value = reader.thousandths() else { return nil }
                fraction = value
            }
        }
        guard let zone = reader.zoneMinutes(), reader.isAtEnd else { return nil }
        let seconds = Int64(hour * 3600 + (minute - zone) * 60 + second)
        return days(year: year, month: month, day: day) * millisecondsPerDay + seconds * 1000 + Int64(fraction)
    }

    private static func daysInMonth(year: Int, month: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return switch month {
        case 2: isLeap ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap day is the last day of a year.
    static func days(year: Int, month: Int, day: Int) -> Int64 {
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The inverse of `days`, for days from 1970 on.
    static func civil(days: Int64) -> (year: Int64, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = Int(dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100))
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

/// Writes numbers of at least a given width into a buffer that is large enough.
private struct DigitWriter {
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    /// The bytes written so far.
    private(set) var count = 0

    init(_ bytes: UnsafeMutableBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func write(_ value: Int, width: Int, then separator: Unicode.Scalar) {
        var length = width
        var rest = value
        for _ in 0..<width { rest /= 10 }
        while rest > 0 {
            length += 1
            rest /= 10
        }
        rest = value
        for index in stride(from: count + length - 1, through: count, by: -1) {
            bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        bytes[count + length] = UInt8(ascii: separator)
        count += length + 1
    }
}

/// Reads fixed-width numbers from ASCII text.
private struct DigitReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let byte = rest.first, Unicode.Scalar(byte) == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func digits(_ count: Int) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Any number of digits after a point, as thousandths.
    mutating func thousandths() -> Int? {
        guard var value = digit() else { return nil }
        var count = 1
        while let digit = digit() {
            if count < 3 { value = value * 10 + digit }
            count += 1
        }
        while count < 3 {
            value *= 10
            count += 1
        }
        return value
    }

    /// Minutes east of UTC.
    mutating func zoneMinutes() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign = take("-") ? -1 : 1
        guard sign == -1 || take("+"), let hours = digits(2), hours < 24 else { return nil }
        _ = take(":")
        guard let minutes = digits(2), minutes < 60 else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private mutating func digit() -> Int? {
        guard let byte = rest.first, byte &- UInt8(ascii: "0") < 10 else { return nil }
        rest = rest.dropFirst()
        return Int(byte - UInt8(ascii: "0"))
    }
}
