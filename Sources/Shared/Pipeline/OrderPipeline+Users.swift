public import Orders
internal import Redis

/// A user's order, with the fields that a feed of the user needs.
public struct UserOrder: Sendable, Equatable {
    public let id: OrderID
    /// When it was placed, in Unix ms.
    public let placed: UInt64
    /// When it ended, in Unix ms; nil while it is under way.
    public let ended: UInt64?

    /// An order that is under way, or that ended at `ended`.
    public init(id: OrderID, placed: UInt64 = 0, ended: UInt64? = nil) {
        self.id = id
        self.placed = placed
        self.ended = ended
    }
}

extension OrderPipeline {
    /// Orders that one script reads: about a millisecond of Redis.
    private static let userPage = 500

    /// The orders of a user that Redis has, the oldest of each partition first. If there are more than `limit`, the newest of them.
    ///
    /// This is not a snapshot: an order that is placed during the reading may be missing.
    ///
    /// - Parameter since: only orders that were placed at this time or later, in Unix ms.
    public func orders(ofUser user: UserID, limit: Int, placedFrom since: UInt64 = 0) async throws(PipelineError) -> [UserOrder] {
        let share = max(1, limit / partitions.count)
        return try await inEach(partitions) { keys throws(PipelineError) in
            try await self.orders(ofUser: user, keys, limit: share, since).reversed()
        }.flatMap(\.self)
    }

    /// The orders of one partition, newest first. Goes on from a score, not from a rank, because orders that leave the list meanwhile move the ranks.
    private func orders(ofUser user: UserID, _ keys: Keys, limit: Int, _ since: UInt64) async throws(PipelineError) -> [UserOrder] {
        var found: [UserOrder] = []
        var (from, passed, read) = ("+inf", 0, 0)
        while read < limit {
            let size = min(Self.userPage, limit - read)
            let reply = try await run(Scripts.user, keys: [keys.user(user)], [keys.orderPrefix, from, String(passed), String(size), String(since)])
            guard let values = reply.array?.map({ $0.string ?? "" }), values.count % 4 == 0 else {
                throw PipelineError(.unexpectedReply, "a user's orders cannot be read")
            }
            for index in stride(from: 0, to: values.count, by: 4) {
                if values[index + 1] != from { (from, passed) = (values[index + 1], 0) }
                passed += 1
                guard let order = UserOrder(row: Array(values[index..<index + 4])) else { continue }
                found.append(order)
            }
            read += values.count / 4
            if values.count / 4 < size { break }
        }
        return found
    }
}

extension UserOrder {
    /// The order of one row of the script's answer; nil if Redis has only the order's name left.
    fileprivate init?(row: [String]) {
        guard let id = OrderID(parsing: row[0]), let placed = UInt64(row[1]), !row[2].isEmpty else { return nil }
        self.init(id: id, placed: placed, ended: row[3].isEmpty ? nil : UInt64(row[3]) ?? 0)
    }
}
