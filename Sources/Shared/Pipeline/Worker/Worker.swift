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
    /// How long the entries of a partition that others serve wait before this process joins in.
    public var patience = Duration.seconds(10)

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

/// Serves one stage: reads the streams of its part of the partitions, with one lane for each, and works on a limited number of orders at once.
@ServiceActor
public final class Worker {
    private let lanes: LaneSet<WorkerLane>
    private let places: SharedPlaces

    /// A worker. `budget` limits first attempts over all replicas; `connect` makes a connection for a blocking reader.
    ///
    /// - Parameter roster: the processes of the stage; nil if this one alone serves all partitions.
    public init(
        options: WorkerOptions, pipeline: OrderPipeline, handler: any OrderHandler, roster: Roster? = nil, budget: AttemptBudget? = nil,
        observer: any StreamObserver, connect: @escaping @ServiceActor () -> RedisReader
    ) {
        let places = SharedPlaces(count: max(1, options.concurrency), maxUnderWay: max(1, options.maxUnderWay))
        let quarantine = Quarantine()
        let stage = options.stage
        let help = PartitionHelp(
            pipeline, stream: { $0.source(of: stage) }, patience: options.patience, visibilityTimeout: options.visibilityTimeout,
            observer: observer, canHelp: { places.hasRoom && budget?.isUsedUp != true })
        self.places = places
        lanes = LaneSet(
            pipeline, roster: roster ?? Roster(group: stage.group, name: options.consumer, partitions: pipeline.partitions.count), help: help
        ) { keys in
            let reader = GroupReader(
                pipeline: pipeline, reader: connect(), keys: keys, stream: keys.source(of: stage), group: stage.group,
                consumer: options.consumer, observer: observer)
            return WorkerLane(
                options: options, places: places, pipeline: pipeline, reader: reader, handler: handler, budget: budget, observer: observer,
                quarantine: quarantine)
        }
    }

    /// Orders that are in a place.
    public var working: Int { places.places.taken }
    /// Orders that are in hand without a place, because they only wait for something outside.
    public var underWay: Int { places.places.underWay }
    /// All orders in hand, also those that wait for a place.
    public var inHand: Int { lanes.all.reduce(0) { $0 + $1.inHand.count } }
    /// The partitions that are read.
    public var served: Set<Int> { lanes.served }

    /// Works until `stop` has finished.
    public func run() async { await lanes.run() }

    /// Stops reading, lets the entries in hand finish within `grace`, and hands back the rest.
    public func stop(within grace: Duration) async { await lanes.stop(within: grace) }

    /// Tells the worker that the connection was made again. Entries in hand are renewed before anything is claimed.
    public func connectionRestored() { lanes.connectionRestored() }
}
