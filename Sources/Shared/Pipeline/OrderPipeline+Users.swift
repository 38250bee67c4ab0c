public import Orders
internal import Redis

/// An order of a user, as far as who follows the user has to know it.
public struct UserOrder: Sendable, Equatable {
    /// The order.
    public let id: OrderID
    /// When it ended, in Unix ms; nil while it is under way.
    public let ended: UInt64?

    /// An order that is under way, or ended then.
    public init(id: OrderID, ended: UInt64? = nil) {
        self.id = id
        self.ended = ended
    }
}

extension OrderPipeline {
    /// Orders that one script run looks at: about a millisecond of Redis.
    private static let userPage = 500

    /// The orders of a user that Redis has, the oldest of each partition first; where they are more than `most`, the newest.
    ///
    /// Not a snapshot: what is placed while it is read may be missing.
    public func orders(ofUser user: String, atMost most: Int) async throws(PipelineError) -> [UserOrder] {
        var found: [UserOrder] = []
        for keys in partitions { found += try await orders(ofUser: user, keys, atMost: max(1, most / partitions.count)).reversed() }
        return found
    }

    /// Of one partition, newest first. Goes on from a score, not from a rank, because what is taken off the list meanwhile moves the ranks.
    private func orders(ofUser user: String, _ keys: Keys, atMost most: Int) async throws(PipelineError) -> [UserOrder] {
        var found: [UserOrder] = []
        var (from, passed, read) = ("+inf", 0, 0)
        while read < most {
            let size = min(Self.userPage, most - read)
            let reply = try await run(
                Scripts.user, keys: [keys.user(user)], [keys.orderPrefix, from, String(passed), String(size)])
            guard let values = reply.array?.map({ $0.string ?? "" }), values.count % 4 == 0 else {
                throw PipelineError(.unexpectedReply, "a user's orders cannot be read")
            }
            for index in stride(from: 0, to: values.count, by: 4) {
                if values[index + 1] != from { (from, passed) = (values[index + 1], 0) }
                passed += 1
                guard let order = UserOrder(id: values[index], state: values[index + 2], ended: values[index + 3]) else { continue }
                found.append(order)
            }
            read += values.count / 4
            if values.count / 4 < size { break }
        }
        return found
    }
}

extension UserOrder {
    /// What a row of the script says; nil where Redis has only the order's name left.
    fileprivate init?(id: String, state: String, ended: String) {
        guard let id = OrderID(parsing: id), !state.isEmpty else { return nil }
        self.init(id: id, ended: ended.isEmpty ? nil : Timestamp.parse(ended).flatMap { UInt64(exactly: $0) } ?? 0)
    }
}
