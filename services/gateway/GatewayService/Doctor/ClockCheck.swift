/// Compares other clocks with that of Redis, which stamps orders and decides deadlines.
struct ClockCheck {
    private static let maxMs: Int64 = 2_000

    /// The time of Redis' own clock, in ms since 1970.
    let redisMs: Int64
    /// How far that clock is behind the engine's time, because it was set back.
    var setBackMs: Int64 = 0
    /// The other clocks: whose clock it is, and its time in ms since 1970.
    let others: [(name: String, ms: Int64)]

    var diagnosis: Diagnosis {
        guard setBackMs <= Self.maxMs else {
            return Diagnosis(
                "clock", .warning,
                "Redis' clock was set back by \(setBackMs / 1000) s; retries, deadlines and the chain go on by the highest time seen",
                do:
                    "Let NTP set it. Until it has caught up, what a worker had in hand that ended before is not taken over, and times to live end "
                    + "later: docs/reliability.md, also for the case that the time before was the wrong one."
            )
        }
        // Postgres may answer any number, so the difference needs a wider type.
        let differences = others.map { (name: $0.name, ms: Int128($0.ms) - Int128(redisMs)) }
        let wrong = differences.filter { $0.ms.magnitude > UInt128(Self.maxMs) }
        guard wrong.isEmpty else {
            let texts = wrong.map { "\($0.name)'s is \($0.ms.magnitude / 1000) s \($0.ms < 0 ? "behind" : "ahead")" }
            return Diagnosis(
                "clock", .warning, "compared with Redis' clock, \(texts.joined(separator: ", "))",
                do: "Orders go by Redis' clock, logs and metrics by their machine's: let NTP set all of them.")
        }
        return Diagnosis("clock", .ok, "Redis and \(others.map(\.name).joined(separator: " and ")) agree on the time")
    }
}
