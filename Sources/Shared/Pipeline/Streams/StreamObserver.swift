public import EventLoop
public import Orders
public import Redis

/// Hears what happens to the entries of streams, for logs and metrics.
@ServiceActor
public protocol StreamObserver: AnyObject {
    /// Entries came: new ones, or claimed ones.
    func received(stream: String, count: Int, claimed: Bool)
    /// An entry went to the dead letters.
    func buried(entry: String, stream: String, order: OrderID?, reason: String)
    /// Entries in hand now belong to another consumer.
    func lost(stream: String, count: Int)
    /// Entries named orders that Redis does not have. They are acknowledged.
    func withoutOrder(stream: String, orders: [OrderID])
    /// A read failed. It is repeated after a wait.
    func readFailed(stream: String, error: RedisError)
    /// A stream or its group was missing, and was made.
    func groupCreated(stream: String)
    /// The pipeline failed in another way. The work is left to be claimed again.
    func failed(doing: String, error: PipelineError)
    /// Entries were handed back because the process stops.
    func released(stream: String, count: Int)
}
