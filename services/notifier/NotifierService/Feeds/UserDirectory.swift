internal import EventLoop
internal import Orders
internal import Pipeline

/// Finds the orders of users.
@ServiceActor
protocol UserDirectory: AnyObject {
    /// The user's orders that Redis has and that were placed at `since` (Unix ms) or later. Throws if they cannot be read now.
    func orders(of user: UserID, placedFrom since: UInt64) async throws(PipelineError) -> [UserOrder]
}

/// Finds a user's orders in the lists of all partitions.
@ServiceActor
final class StoredUserDirectory: UserDirectory, OrderOwners {
    private let pipeline: OrderPipeline

    init(pipeline: OrderPipeline) { self.pipeline = pipeline }

    func orders(of user: UserID, placedFrom since: UInt64) async throws(PipelineError) -> [UserOrder] {
        try await pipeline.orders(ofUser: user, limit: UserFeed.maxOrders, placedFrom: since)
    }

    func owners(of ids: [OrderID]) async throws(PipelineError) -> [OrderID: Owner?] { try await pipeline.owners(of: ids) }
}
