public import EventLoop
public import Orders
public import Redis

/// Moves one order on, with its entry in hand, until the entry is acknowledged or lost. Never throws: unfinished work is claimed again.
@ServiceActor
public protocol OrderHandler: AnyObject {
    /// Handles an entry. The task is cancelled when the claim is lost or the process stops. A handler that only waits for something outside lets the
    /// entry leave its place.
    func handle(_ entry: WorkEntry) async
}

/// The options of a stage's worker.
public struct WorkerOptions: Sendable {
    public var stage: Stage
    /// How many orders are worked on at once, over all partitions.
    public var concurrency: Int
    /// How many orders may be in hand without a place, over all partitions. Beyond it nothing new is read.
    public var maxUnderWay: Int
    /// Time after which another worker may claim an entry that nobody renews.
    public var visibilityTimeout: Duration
    /// Time between renewals of the entries in hand.
    public var renewInterval: Duration
    /// This process' name as a consumer.
    public var consumer: String

    public init(
        stage: Stage, concurrency: Int, maxUnderWay: Int = .max, visibilityTimeout: Duration, renewInterval: Duration, consumer: String
    ) {
        self.stage = stage
        self.concurrency = concurrency
        self.maxUnderWay = maxUnderWay
        self.visibilityTimeout = visibilityTimeout
        self.renewInterval = renewInterval
        self.consumer = consumer
    }
}

/// Serves one stage: reads its streams, with one lane per partition, and works on a limited number of orders at once.
@ServiceActor
public final class Worker {
    private let lanes: [WorkerLane]

    /// A worker. `connect` makes a connection for a blocking reader; `budget` limits first attempts over all replicas.
    public init(
        options: WorkerOptions, pipeline: OrderPipeline, handler: any OrderHandler, budget: AttemptBudget? = nil, observer: any StreamObserver,
        connect: @ServiceActor () -> RedisReader
    ) {
        let count = pipeline.partitions.count
        let places = Places(count: max(1, options.concurrency / count), maxUnderWay: max(1, options.maxUnderWay / count))
        let quarantine = Quarantine()
        lanes = pipeline.partitions.map { keys in
            let reader = GroupReader(
                pipeline: pipeline, reader: connect(), keys: keys, stream: keys.source(of: options.stage), group: options.stage.group,
                consumer: options.consumer, observer: observer)
            return WorkerLane(
                options: options, places: places, pipeline: pipeline, reader: reader, handler: handler, budget: budget, observer: observer,
                quarantine: quarantine)
        }
    }

    /// Orders that are in a place.
    public var working: Int { lanes.reduce(0) { $0 + $1.places.taken } }
    /// Orders that are in hand without a place.
    public var underWay: Int { lanes.reduce(0) { $0 + $1.places.underWay } }
    public var inHand: Int { working + underWay }

    /// Works until `stop` has finished.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes {
                group.addTask { await lane.supply() }
                group.addTask { await lane.keep() }
            }
        }
    }

    /// Stops reading, lets the entries in hand finish within `grace`, and hands back the rest.
    public func stop(within grace: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes { group.addTask { await lane.stop(within: grace) } }
        }
    }

    /// Tells the worker that the connection was made again. Entries in hand are renewed before anything is claimed.
    public func connectionRestored() { for lane in lanes { lane.connectionRestored() } }
}
