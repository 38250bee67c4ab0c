public import Orders
internal import Redis

/// The outcome of a request to cancel.
public enum CancelOutcome: Sendable, Equatable {
    /// The order is cancelled, now or before.
    case cancelled
    /// A transaction is under way.
    case submitted
    /// A part of the order has landed.
    case partlyFilled
    /// The order has ended in another way.
    case final(OrderState)
    /// Redis does not have the order.
    case unknown
}

extension OrderPipeline {
    /// Cancels an order that has no transaction under way. May be called again. With a barrier the replicas know that it is
    /// cancelled.
    public func cancel(_ id: OrderID) async throws(PipelineError) -> CancelOutcome {
        let keys = keys(of: id)
        let reply = try await run(Scripts.cancel, keys: [keys.order(id), keys.events, keys.deadlines], [id.description]).array ?? []
        switch reply.first?.string {
        case "ok":
            reportEnd(id, .cancelled)
            try await awaitReplicas(ofCancelled: id, in: keys)
            return .cancelled
        case "again":
            try await awaitReplicas(ofCancelled: id, in: keys)
            return .cancelled
        case "submitted": return .submitted
        case "filled": return .partlyFilled
        case "unknown": return .unknown
        case "final": return .final(reply.last?.string.flatMap { OrderState(rawValue: $0) } ?? .failed)
        default: throw PipelineError(.unexpectedReply, "cancel answered what this version does not know")
        }
    }
}
