internal import Orders

/// When a key ends, as a user says it.
enum KeyExpiry {
    private static let hour: UInt64 = 3_600_000
    /// A hundred years.
    private static let maxHours: UInt64 = 876_000

    /// Reads `90d`, `12h`, or a time with a zone that is to come. Returns Unix milliseconds; nil for any other text.
    ///
    /// - Parameter now: Unix milliseconds.
    static func parse(_ text: String, now: UInt64) -> UInt64? {
        if let time = Timestamp.parse(text).flatMap({ UInt64(exactly: $0) }) { return time > now ? time : nil }
        let hoursEach: UInt64 = text.hasSuffix("d") ? 24 : 1
        guard text.hasSuffix("d") || text.hasSuffix("h"), text.dropLast().utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let count = UInt64(text.dropLast()), (1...maxHours / hoursEach).contains(count)
        else { return nil }
        return now + count * hoursEach * hour
    }
}
