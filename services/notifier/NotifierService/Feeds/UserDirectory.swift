internal import EventLoop
internal import Orders
internal import Pipeline

/// Where a user's orders are found.
@ServiceActor
protocol UserDirectory: AnyObject {
    /// The user's orders that Redis has and that were placed from then on, in Unix ms. Throws while it cannot be told.
    func orders(of user: UserID, placedFrom since: UInt64) async throws(PipelineError) -> [UserOrder]
}

/// Finds a user's orders in the lists of all partitions.
@ServiceActor
final class StoredUserDirectory: UserDirectory {
    private let pipeline: OrderPipeline

    init(pipeline: OrderPipeline) { self.pipeline = pipeline }

    func orders(of user: UserID, placedFrom since: UInt64) async throws(PipelineError) -> [UserOrder] {
        try await pipeline.orders(ofUser: user, limit: UserFeed.maxOrders, placedFrom: since)
    }
}
