internal import EventLoop
internal import Storage

/// How far a standby is behind its primary, from the positions of both. No clock of a server counts, and a primary that writes nothing leaves nobody
/// behind.
struct ReplicaLag {
    /// Positions of the primary that the standby has not been seen to reach, each with when it was asked, in order of time. The oldest is always
    /// kept, and at two looks a second those of the last minute.
    private var ahead: [(at: MonotonicInstant, bytes: UInt64)] = []
    private var primary: LogPosition?
    private static let bound = 120

    /// Notes where the primary was.
    mutating func note(primary position: LogPosition, at moment: MonotonicInstant) {
        // Another primary may not have all that the one before had written.
        if let primary, primary.system != position.system || primary.bytes > position.bytes { ahead.removeAll() }
        if primary?.bytes != position.bytes || ahead.isEmpty { ahead.append((moment, position.bytes)) }
        primary = position
        if ahead.count > Self.bound { ahead.remove(at: 1) }
    }

    /// For how long at least the standby has lacked something that was written. Nil if it belongs to another primary.
    mutating func behind(standby position: LogPosition, at moment: MonotonicInstant) -> Duration? {
        guard primary?.system ?? position.system == position.system else { return nil }
        ahead.removeAll { $0.bytes <= position.bytes }
        return ahead.first.map { max(.zero, moment - $0.at) } ?? .zero
    }
}
