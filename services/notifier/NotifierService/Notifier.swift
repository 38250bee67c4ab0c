public import Configuration
public import EventLoop
internal import HTTP
internal import Observability
internal import Orders
public import Pipeline
internal import Postgres
public import ServiceKit
internal import Storage

/// Does two jobs that do not wait for each other: stores events in Postgres, and sends them to sockets as they happen.
@ServiceActor
public struct Notifier: Service {
    public nonisolated static var purpose: String { "Owns the WebSockets, stores every event in Postgres, and streams status to clients." }

    /// The sockets are closed when this much of the grace period is left, spread over `socketSpread`.
    private static let socketClosing = Duration.seconds(3)
    private static let socketSpread = Duration.seconds(2)

    private let settings: NotifierSettings
    private let process: ServiceProcess
    private let postgres: PostgresPool
    private let consumer: EventConsumer
    private let upkeep: PipelineUpkeep
    private let feeds: OrderFeeds
    private let users: UserFeeds
    private let holders: Holders
    private let schema: Schema
    private let retention: Retention?
    private let months: OrderMonths
    private let lostOrders: LostOrderWatch

    /// Sets up storage, feeds and socket routes.
    public init(settings: NotifierSettings, process: ServiceProcess) async throws {
        self.settings = settings
        self.process = process
        postgres = try StartError.naming("DATABASE_URL") { () throws(PostgresError) in
            try PostgresPool(url: settings.database.text, size: 4, name: process.name)
        }
        let store = OrderStore(pool: postgres)
        schema = Schema(store: store, log: process.log)
        retention = settings.eventsRetention.map { Retention(store: store, age: $0, log: process.log) }
        months = OrderMonths(store: store, age: settings.ordersRetention, log: process.log)
        lostOrders = LostOrderWatch(store: store, pipeline: process.pipeline, log: process.log, metrics: process.metrics)
        let options = EventConsumerOptions(
            consumer: process.name, batch: settings.persistBatch, wait: settings.persistWait,
            visibilityTimeout: settings.worker.visibilityTimeout, renewInterval: settings.worker.renewInterval)
        let roster = process.joinRoster(persistGroup)
        consumer = EventConsumer(
            options: options, pipeline: process.pipeline, sink: EventArchive(store: store, log: process.log, metrics: process.metrics),
            roster: roster, observer: process.observer, connect: process.connectReader)
        upkeep = PipelineUpkeep(
            pipeline: process.pipeline, roster: roster, clock: process.heartbeat.clock, promotes: false, observer: process.observer)
        feeds = OrderFeeds(
            history: StoredHistory(pipeline: process.pipeline, store: store), pipeline: process.pipeline,
            subscriber: process.connectSubscriber(), log: process.log)
        let sent = process.metrics.counters("socket_messages_total", help: "Messages sent to sockets.", by: ["dialect"])
        let directory = StoredUserDirectory(pipeline: process.pipeline)
        holders = Holders(access: process.access)
        users = UserFeeds(directory: directory, pipeline: process.pipeline, subscriber: process.connectSubscriber(), log: process.log)
        process.partitionWatch.onGrowth = { [users] in Loop.spawn { await users.partitionsChanged() } }
        SocketRoutes(
            feeds: feeds, users: users, owners: directory, access: process.access, holders: holders, clock: process.heartbeat.clock, sent: sent
        ).add(to: process.router)
        EventStreamRoutes(feeds: feeds, sent: sent, holders: holders, queueBytes: settings.sockets.queueBytes).add(to: process.router)
        process.serverOptions.webSocket = settings.sockets.options
        process.serverOptions.queuedBytes = settings.sockets.queueTotalBytes
        process.limitSockets(settings.sockets.perCaller)
        observe()
    }

    /// The settings of the notifier's pipeline.
    public nonisolated static func pipelineSettings(_ settings: NotifierSettings) -> PipelineSettings {
        PipelineSettings(partitions: settings.common.partitions, orderStateTTL: UInt64(settings.worker.orderStateTTL.millisecondsRoundedUp))
    }

    /// Sockets are served at once. Events are stored once the tables exist.
    public var children: [ServiceChild] {
        [
            ServiceChild("postgres") { [postgres] in await postgres.run() },
            ServiceChild("events") { [schema, consumer] in if await schema.migrate() { await consumer.run() } },
            ServiceChild("order_feeds") { [feeds] in await feeds.run() },
            ServiceChild("user_feeds") { [users] in await users.run() },
            ServiceChild("holders") { [holders] in await holders.run() },
            ServiceChild("upkeep") { [upkeep] in await upkeep.run() },
            ServiceChild("lost_orders") { [lostOrders] in await lostOrders.run() },
            ServiceChild("retention") { [retention] in await retention?.run() },
            ServiceChild("months") { [months] in await months.run() },
        ]
    }

    /// Stores the batch in hand and hands back the rest. Serves the sockets until shortly before the end, then closes them with 1012.
    public func stop(within grace: Duration) async {
        let start = MonotonicInstant.now
        await consumer.stop(within: min(grace, Self.socketClosing))
        while process.openSockets > 0, grace - start.elapsed > Self.socketClosing { try? await sleep(for: .milliseconds(100)) }
        await process.closeSockets(over: Self.socketSpread)
        postgres.close()
    }

    /// Renews the entries in hand.
    public func connectionRestored() { consumer.connectionRestored() }

    private func observe() {
        process.observeLanes { [consumer] in ServiceActor.assume(consumer) { $0.served.count } }
        process.observePostgres { [postgres] in
            PostgresState(isAvailable: postgres.isAvailable, lent: postgres.load.lent, waiting: postgres.load.waiting)
        }
        postgres.onAvailabilityChange = { [unowned process] in process.postgresChanged(reason: $0?.description) }
        postgres.onRefusal = { [unowned process] in process.postgresRefused(reason: $0.description) }
        SocketMetrics(metrics: process.metrics).watch(process.router)
        process.heartbeatFields = { [unowned process, feeds, postgres, schema] in
            var fields = ["sockets": String(process.openSockets), "ordersWatched": String(feeds.count)]
            // The field is empty if all is well. A field that is left out would keep its last value.
            fields["postgres"] = String((schema.trouble ?? postgres.trouble?.description ?? "").prefix(300))
            return fields
        }
        process.metrics.observe(.gauge, "sockets_open", help: "WebSockets and streams of server-sent events that are open.") { [unowned process] in
            ServiceActor.assume(process) { Double($0.openSockets) }
        }
        process.metrics.observe(.gauge, "users_watched", help: "Users that sockets follow.") { [users] in
            ServiceActor.assume(users) { Double($0.count) }
        }
        process.metrics.observe(.gauge, "orders_watched", help: "Orders that sockets watch.") { [feeds] in
            ServiceActor.assume(feeds) { Double($0.count) }
        }
    }
}

extension SocketSettings {
    var options: WebSocketOptions {
        var options = WebSocketOptions()
        options.pingInterval = pingInterval
        options.idleTimeout = idleTimeout
        options.queuedMessages = queueMessages
        options.queuedBytes = queueBytes
        options.messageBytes = maxMessageBytes
        options.messagesPerSecond = framesPerSecond
        return options
    }
}
