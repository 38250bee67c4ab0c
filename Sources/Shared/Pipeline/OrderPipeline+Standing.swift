public import Orders
internal import Redis

/// Where an order under way goes on from.
public enum Standing: String, Sendable {
    /// Redis does not have the order.
    case gone
    /// It has ended.
    case final
    /// Its entry was not delivered yet.
    case waiting
    /// It waits for its next attempt.
    case retry
    /// A worker has its entry.
    case held
    /// No entry and no retry: it does not go on by itself.
    case nothing
}

extension OrderPipeline {
    /// Where an order goes on from, and how long ago, in ms, it moved last (0 where Redis does not have it).
    public func standing(_ id: OrderID) async throws(PipelineError) -> (Standing, unmovedMs: UInt64) {
        guard let keys = keys(of: id) else { return (.gone, 0) }
        let reply =
            try await run(
                Scripts.standing, keys: [keys.order(id), keys.accepted, keys.routed, keys.retries], [id.description]
            ).array?.compactMap(\.string) ?? []
        guard reply.count == 4, let now = UInt64(reply[0]), let standing = Standing(rawValue: reply[1]) else {
            throw PipelineError(.unexpectedReply, "standing answered what this version does not know")
        }
        let moved = (try? OrderEvent(parsing: reply[3])).flatMap { Timestamp.parse($0.timestamp) }.flatMap { UInt64(exactly: $0) } ?? now
        return (standing, now > moved ? now - moved : 0)
    }
}
