/// Clocks beside that of Redis, which stamps orders and judges deadlines.
struct ClockCheck {
    private static let mostMs: Int64 = 2_000

    let redisMs: Int64
    /// Milliseconds since 1970, by whose clock it is.
    let others: [(name: String, ms: Int64)]

    var diagnosis: Diagnosis {
        let wrong = others.filter { abs($0.ms - redisMs) > Self.mostMs }
        guard wrong.isEmpty else {
            let texts = wrong.map { "\($0.name)'s is \(abs($0.ms - redisMs) / 1000) s \($0.ms < redisMs ? "behind" : "ahead")" }
            return Diagnosis(
                "clock", .warning, "compared with Redis' clock, \(texts.joined(separator: ", "))",
                do: "Orders go by Redis' clock, logs and metrics by their machine's: let NTP set all of them.")
        }
        return Diagnosis("clock", .ok, "Redis and \(others.map(\.name).joined(separator: " and ")) agree on the time")
    }
}
