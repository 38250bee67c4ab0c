public import Orders
internal import Redis

extension OrderPipeline {
    /// The channel on which the events of an order are told.
    ///
    /// The nodes of a cluster would pass each message of an ordinary channel on to all others. A sharded channel stays with the master of its slot,
    /// and so it has the order's partition in its name.
    public func channel(of id: OrderID) -> String { redis.isCluster ? Keys.shardedUpdates(id) : Keys.updates(id) }

    /// The channels on which the events of a user's orders are told: in a cluster one for each partition that there is now.
    public func channels(of user: UserID) -> [String] {
        redis.isCluster ? partitions.map { $0.shardedUpdates(user: user) } : [Keys.updates(user: user)]
    }
}
