public import EventLoop
internal import Orders
public import Redis

/// An entry of the events stream: its order has events that are not stored.
struct EventEntry: Sendable {
    /// The entry's id in the stream.
    let entry: String
    let orderID: OrderID

    /// Nil if the entry names no order.
    init?(_ entry: StreamEntry) {
        guard let id = entry.fields?["id"].flatMap({ OrderID(parsing: $0) }) else { return nil }
        self.entry = entry.id
        orderID = id
    }
}

/// Stores batches of orders with their events. All orders of a batch must be on disk when `store` returns, except those that it names as refused.
@ServiceActor
public protocol EventSink: AnyObject {
    /// Stores different orders. Returns the indices of those that can never be stored, with the reason. Throws if nothing can be stored now.
    func store(_ batch: [OrderRecord]) async throws -> [(index: Int, reason: String)]
}

/// How events are read.
public struct EventConsumerOptions: Sendable {
    /// This process' name as a consumer.
    public var consumer: String
    /// The largest number of entries in a batch.
    public var batch: Int
    /// How long a batch may wait to be filled; ten times as long while many orders are under way.
    public var wait: Duration
    /// Time after which another consumer may claim an entry that nobody renews.
    public var visibilityTimeout: Duration
    /// Time between renewals of the entries in hand.
    public var renewInterval: Duration

    public init(consumer: String, batch: Int, wait: Duration, visibilityTimeout: Duration, renewInterval: Duration) {
        self.consumer = consumer
        self.batch = batch
        self.wait = wait
        self.visibilityTimeout = visibilityTimeout
        self.renewInterval = renewInterval
    }
}

/// Hands the orders that have new events to a sink in batches, of its part of the partitions, and acknowledges them when the sink has stored them.
@ServiceActor
public final class EventConsumer {
    private let lanes: LaneSet<EventLane>

    /// A consumer. `connect` makes a connection for a blocking reader.
    ///
    /// - Parameter roster: the processes that store events; nil if this one alone serves all partitions.
    public init(
        options: EventConsumerOptions, pipeline: OrderPipeline, sink: any EventSink, roster: Roster? = nil, observer: any StreamObserver,
        connect: @escaping @ServiceActor () -> RedisReader
    ) {
        let shared = SharedSink(sink, batch: options.batch)
        let help = PartitionHelp(
            pipeline, stream: { $0.events }, visibilityTimeout: options.visibilityTimeout, observer: observer, canHelp: { shared.isGood })
        lanes = LaneSet(
            pipeline, roster: roster ?? Roster(group: persistGroup, name: options.consumer, partitions: pipeline.partitions.count), help: help
        ) { keys in
            let reader = GroupReader(
                pipeline: pipeline, reader: connect(), keys: keys, stream: keys.events, group: persistGroup, consumer: options.consumer,
                observer: observer)
            return EventLane(options: options, pipeline: pipeline, reader: reader, sink: shared, observer: observer)
        }
    }

    /// The partitions that are read.
    public var served: Set<Int> { lanes.served }

    /// Works until `stop` has finished.
    public func run() async { await lanes.run() }

    /// Stops reading, lets the batches in hand finish within `grace`, and hands back the rest.
    public func stop(within grace: Duration) async { await lanes.stop(within: grace) }

    /// Tells the consumer that the connection was made again.
    public func connectionRestored() { lanes.connectionRestored() }
}
