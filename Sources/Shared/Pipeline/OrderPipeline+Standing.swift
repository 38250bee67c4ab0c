public import Orders
internal import Redis

/// The entry or retry from which an order goes on.
public enum Standing: String, Sendable {
    /// Redis does not have the order.
    case gone
    /// The order has ended.
    case final
    /// It waits for its price.
    case armed
    /// Its entry was not delivered yet.
    case waiting
    /// The order waits for its next attempt.
    case retry
    /// A worker has its entry.
    case held
    /// There is no entry and no retry: the order does not go on by itself.
    case nothing
}

extension OrderPipeline {
    /// The order's standing, and the ms since its last event (0 if Redis does not have the order).
    public func standing(_ id: OrderID) async throws(PipelineError) -> (Standing, unmovedMs: UInt64) {
        let keys = keys(of: id)
        let reply =
            try await run(
                Scripts.standing, keys: [keys.order(id), keys.accepted, keys.routed, keys.retries], [id.description]
            ).array?.compactMap(\.string) ?? []
        guard reply.count == 3, let now = UInt64(reply[0]), let standing = Standing(rawValue: reply[1]), let moved = UInt64(reply[2]) else {
            throw PipelineError(.unexpectedReply, "standing answered what this version does not know")
        }
        return (standing, now > moved ? now - moved : 0)
    }
}
