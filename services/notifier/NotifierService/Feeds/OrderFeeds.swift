internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import Redis

/// The feeds of all orders that sockets of this process watch: one subscription an order, however many sockets.
@ServiceActor
final class OrderFeeds {
    /// Orders that stay silent are looked at that often: Pub/Sub may have dropped something without a trace.
    private static let silence = Duration.seconds(20)

    private let history: OrderHistory
    private let pipeline: OrderPipeline
    private let subscriber: RedisSubscriber
    private let log: Logger
    private var feeds: [OrderID: OrderFeed] = [:]

    init(history: OrderHistory, pipeline: OrderPipeline, subscriber: RedisSubscriber, log: Logger) {
        self.history = history
        self.pipeline = pipeline
        self.subscriber = subscriber
        self.log = log
        subscriber.onReconnect = { [unowned self] in self.refreshAll() }
        subscriber.onFailure = { [log] error in
            log.limited(.warning, "subscriber.away", every: .seconds(5), ["reason": .string(error.message)])
        }
    }

    /// Orders that are watched.
    var count: Int { feeds.count }

    /// Watches an order from the event after `after` on.
    func watch(_ id: OrderID, after: Int, _ watcher: any OrderWatcher) {
        if let feed = feeds[id] {
            feed.add(watcher, after: after)
            return
        }
        let feed = OrderFeed(id: id, history: history, subscriber: subscriber, log: log)
        feeds[id] = feed
        feed.add(watcher, after: after)
        Loop.spawn { await feed.open() }
    }

    /// Ends a watch; the feed goes with its last watcher.
    func unwatch(_ id: OrderID, _ watcher: any OrderWatcher) {
        guard let feed = feeds[id] else { return }
        feed.remove(watcher)
        guard !feed.isWatched else { return }
        feed.close()
        feeds[id] = nil
    }

    /// Keeps the subscriber's connection and looks at silent orders, until the task is cancelled.
    func run() async {
        let connection = Loop.spawn { await self.subscriber.run() }
        while !Task.isCancelled {
            try? await sleep(for: Self.silence)
            await refreshSilent()
        }
        subscriber.close()
        await connection.value
    }

    private func refreshSilent() async {
        for feed in Array(feeds.values) where !feed.isFinal {
            guard let newest = try? await pipeline.newestSeq(feed.id), newest > feed.seq else { continue }
            await feed.refresh()
        }
    }

    /// What was published while the connection was away is in the hashes.
    private func refreshAll() {
        for feed in Array(feeds.values) where !feed.isFinal { Loop.spawn { await feed.refresh() } }
    }
}
