internal import EventLoop
internal import Observability
internal import Orders
internal import Redis

/// The feeds of all users whom sockets of this process follow: one subscription a user, on a connection of their own.
@ServiceActor
final class UserFeeds {
    /// Lists are read that often though nothing seems amiss: Pub/Sub may have dropped something without a trace.
    private static let interval = Duration.seconds(20)
    /// Lists that are read at once.
    private static let batch = 50

    private let directory: any UserDirectory
    private let subscriber: RedisSubscriber
    private let log: Logger
    private let reconnected = LoopSignal()
    private var feeds: [UserID: UserFeed] = [:]

    init(directory: any UserDirectory, subscriber: RedisSubscriber, log: Logger) {
        self.directory = directory
        self.subscriber = subscriber
        self.log = log
        subscriber.onReconnect = { [reconnected] in reconnected.notify() }
        subscriber.onFailure = { [log] error in
            log.limited(.warning, "subscriber.away", every: .seconds(5), ["reason": .string(error.message)])
        }
    }

    /// Users who are followed.
    var count: Int { feeds.count }

    /// Follows a user: orders under way, those that ended from `since` (Unix ms) on, and those to come.
    func follow(_ user: UserID, since: UInt64?, _ watcher: any UserWatcher) {
        if let feed = feeds[user] {
            feed.add(watcher, since: since)
            return
        }
        let feed = UserFeed(user: user, directory: directory, subscriber: subscriber, log: log) { [weak self] in self?.forget($0) }
        feeds[user] = feed
        feed.add(watcher, since: since)
        Loop.spawn { await feed.open() }
    }

    /// Ends it; the feed goes with its last watcher.
    func unfollow(_ user: UserID, _ watcher: any UserWatcher) {
        guard let feed = feeds[user] else { return }
        feed.remove(watcher)
        guard !feed.isWatched else { return }
        feed.close()
        forget(feed)
    }

    /// Keeps the subscriber's connection and looks for orders that were missed, until the task is cancelled.
    func run() async {
        let connection = Loop.spawn { await self.subscriber.run() }
        while !Task.isCancelled {
            _ = try? await reconnected.wait(atMost: Self.interval)
            await refresh()
        }
        subscriber.close()
        await connection.value
    }

    private func refresh() async {
        let open = Array(feeds.values)
        for start in stride(from: 0, to: open.count, by: Self.batch) {
            guard !Task.isCancelled else { return }
            await withTaskGroup(of: Void.self) { group in
                for feed in open[start..<min(start + Self.batch, open.count)] { group.addTask { await feed.refresh() } }
            }
        }
    }

    private func forget(_ feed: UserFeed) { if feeds[feed.user] === feed { feeds[feed.user] = nil } }
}
