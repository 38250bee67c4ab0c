/// How long an order waits at least when its limit was not met, before a mark can fire it again.
public enum RestDelay {
    private static let first: UInt64 = 1000
    private static let usual: UInt64 = 30_000
    // An order that is always near its price and never fills would make its history grow for ever.
    private static let many = 50
    private static let long: UInt64 = 300_000
    private static let tooMany = 100
    private static let longest: UInt64 = 3_600_000

    /// 1 s after the first time, and each time twice as long up to 30 s; from the 50th time on 5 minutes, from the 100th on an hour. Up to a tenth
    /// longer, so that orders that were fired together do not come back together.
    ///
    /// - Parameter rests: how often it has waited again before.
    public static func milliseconds(after rests: Int, jitter: Double = .random(in: 0...0.1)) -> UInt64 {
        let wait = rests >= tooMany ? longest : rests >= many ? long : min(usual, first << UInt64(min(max(0, rests), 5)))
        return wait + UInt64(Double(wait) * jitter)
    }
}
