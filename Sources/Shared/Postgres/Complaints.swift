internal import EventLoop

/// The recent refusals of the server. Each stays until the same command succeeds or the refusal is 60 s old.
struct Complaints {
    private static let lifetime = Duration.seconds(60)
    private static let maxKept = 64

    private var latest: [String: (error: PostgresError, at: MonotonicInstant)] = [:]

    /// The newest refusal that still counts.
    var current: PostgresError? { latest.values.filter { $0.at.elapsed < Self.lifetime }.max { $0.at < $1.at }?.error }

    mutating func note(_ error: PostgresError, about sql: String) {
        if latest.count >= Self.maxKept { latest.removeAll() }
        latest[sql] = (error, .now)
    }

    mutating func forget(_ sql: String) { if !latest.isEmpty { latest[sql] = nil } }
}
