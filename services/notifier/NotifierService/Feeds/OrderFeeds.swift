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
    /// Orders that are read at once, so that thousands of them do not take up all commands that may be in flight.
    private static let batch = 200

    private let history: any OrderHistory
    private let pipeline: OrderPipeline
    private let subscriber: RedisSubscriber
    private let log: Logger
    private let reconnected = LoopSignal()
    private var feeds: [OrderID: OrderFeed] = [:]

    init(history: any OrderHistory, pipeline: OrderPipeline, subscriber: RedisSubscriber, log: Logger) {
        self.history = history
        self.pipeline = pipeline
        self.subscriber = subscriber
        self.log = log
        subscriber.onReconnect = { [reconnected] in reconnected.notify() }
        subscriber.onFailure = { [log] error in
            log.limited(.warning, "subscriber.away", every: .seconds(5), ["reason": .string(error.message)])
        }
    }

    /// Orders that are watched.
    var count: Int { feeds.count }

    /// Watches an order from the event after `after` on.
    func watch(_ id: OrderID, after: Seq, _ watcher: any OrderWatcher) {
        if let feed = feeds[id] {
            feed.add(watcher, after: after)
            return
        }
        let feed = OrderFeed(id: id, history: history, subscriber: subscriber, log: log) { [weak self] in self?.forget($0) }
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
        forget(feed)
    }

    /// Keeps the subscriber's connection and looks at silent orders, until the task is cancelled.
    func run() async {
        let connection = Loop.spawn { await self.subscriber.run() }
        while !Task.isCancelled {
            let isBack = (try? await reconnected.wait(atMost: Self.silence)) ?? false
            await refresh(onlyBehind: !isBack)
        }
        subscriber.close()
        await connection.value
    }

    /// Reads what is not final again: after a reconnect all, because what was published meanwhile is in the hashes only.
    private func refresh(onlyBehind: Bool) async {
        let live = feeds.values.filter { !$0.isFinal }
        for start in stride(from: 0, to: live.count, by: Self.batch) {
            guard !Task.isCancelled else { return }
            await withTaskGroup(of: Void.self) { group in
                for feed in live[start..<min(start + Self.batch, live.count)] {
                    group.addTask { await self.refresh(feed, onlyBehind: onlyBehind) }
                }
            }
        }
    }

    private func refresh(_ feed: OrderFeed, onlyBehind: Bool) async {
        if onlyBehind {
            guard let newest = try? await pipeline.newestSeq(feed.id), newest != feed.seq else { return }
        }
        await feed.refresh()
    }

    private func forget(_ feed: OrderFeed) { if feeds[feed.id] === feed { feeds[feed.id] = nil } }
}
