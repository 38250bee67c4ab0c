public import Redis

// Others may have written the values in Redis, and a number may be any. Every number from Redis passes here before it is used in arithmetic.

extension RedisValue {
    /// Unix ms from 1970 to the year 9999; nil for anything else.
    public var milliseconds: UInt64? { unsigned.flatMap { $0 <= UInt64.latestTime ? $0 : nil } }

    /// A number from 0 on; nil for anything else.
    public var unsigned: UInt64? { integer.flatMap { UInt64(exactly: $0) } }

    /// A count from 0 to 2^53, above which a script does not count.
    public var count: Int { Int(min(max(0, integer ?? 0), 1 << 53)) }
}

extension UInt64 {
    /// The end of the year 9999 in Unix ms. A sum of a time below it and any waiting time fits.
    static let latestTime: UInt64 = 253_402_300_799_999

    /// Reads digits alone; nil for anything else, and for a number that does not fit.
    init?(digits: Substring.UTF8View) {
        guard !digits.isEmpty else { return nil }
        var number: UInt64 = 0
        for byte in digits {
            guard case UInt8(ascii: "0")...UInt8(ascii: "9") = byte else { return nil }
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !isTooLarge, !overflows else { return nil }
            number = sum
        }
        self = number
    }
}

extension Int {
    /// The sum, or the largest number if the sum overflows.
    static func saturatingSum(_ numbers: some Sequence<Int>) -> Int {
        numbers.reduce(0) { sum, number in
            let (result, overflow) = sum.addingReportingOverflow(number)
            return overflow ? .max : result
        }
    }
}
