internal import EventLoop

/// What the server has refused lately, each until the same command is granted or the complaint is old.
struct Complaints {
    private static let lifetime = Duration.seconds(60)
    private static let maxKept = 64

    private var latest: [String: (error: PostgresError, at: MonotonicInstant)] = [:]

    /// The newest refusal that still stands.
    var current: PostgresError? { latest.values.filter { $0.at.elapsed < Self.lifetime }.max { $0.at < $1.at }?.error }

    mutating func note(_ error: PostgresError, about sql: String) {
        if latest.count >= Self.maxKept { latest.removeAll() }
        latest[sql] = (error, .now)
    }

    mutating func forget(_ sql: String) { if !latest.isEmpty { latest[sql] = nil } }
}
