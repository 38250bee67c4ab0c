public import Redis

// Redis holds what others have written, and a number may be any. Nothing that it says is taken into arithmetic before it has passed here.

extension RedisValue {
    /// The end of the year 9999 in Unix ms: sums of times below it and of any waiting time fit.
    private static let latestTime: Int64 = 253_402_300_799_999

    /// Unix ms from 1970 to the year 9999; nil for anything else.
    public var milliseconds: UInt64? { integer.flatMap { 0...Self.latestTime ~= $0 ? UInt64($0) : nil } }

    /// A number from 0 on, as it is; nil for anything else.
    public var unsigned: UInt64? { integer.flatMap { UInt64(exactly: $0) } }

    /// How many: from 0 to 2^53, beyond which a script counts no more.
    public var count: Int { Int(min(max(0, integer ?? 0), 1 << 53)) }
}

extension Int {
    /// The sum, or the largest number where it is beyond that.
    static func saturatingSum(_ numbers: some Sequence<Int>) -> Int {
        numbers.reduce(0) { sum, number in
            let (result, overflow) = sum.addingReportingOverflow(number)
            return overflow ? .max : result
        }
    }
}
