internal import EventLoop
internal import Observability
internal import Redis

/// The feeds of all subjects that clients of this process follow. Each subject has one subscription, for any number of watchers.
@ServiceActor
final class Feeds<Core: FeedCore> {
    /// How long a client may be ahead of its subject.
    static var patience: Duration { Feed<Core>.patience }
    /// How often silent subjects are checked: Pub/Sub may have dropped a message without a trace.
    private static var silence: Duration { .seconds(20) }

    private let source: FeedSource<Core>
    private let subscriber: RedisSubscriber
    private let log: Logger
    private let reconnected = LoopSignal()
    private var feeds: [Core.Subject: Feed<Core>] = [:]

    init(source: FeedSource<Core>, subscriber: RedisSubscriber, log: Logger) {
        self.source = source
        self.subscriber = subscriber
        self.log = log
        subscriber.onReconnect = { [reconnected] in reconnected.notify() }
        subscriber.onFailure = { [log] error in
            log.limited(.warning, "subscriber.away", every: .seconds(5), ["reason": .string(error.message)])
        }
    }

    /// Subjects that are watched.
    var count: Int { feeds.count }

    /// Watches a subject. The watcher is told within the call what a feed knows of it already.
    func watch(_ subject: Core.Subject, from start: Core.Start, _ watcher: FeedWatcher<Core.News>) {
        if let feed = feeds[subject] { return feed.add(watcher, from: start) }
        let feed = Feed(subject, source: source, subscriber: subscriber, log: log) { [weak self] in self?.forget($0) }
        feeds[subject] = feed
        feed.add(watcher, from: start)
        Loop.spawn { await feed.open() }
    }

    /// Ends a watch. The feed goes with its last watcher.
    func unwatch(_ subject: Core.Subject, _ watcher: ObjectIdentifier) {
        guard let feed = feeds[subject] else { return }
        feed.remove(watcher)
        guard !feed.isWatched else { return }
        feed.close()
        forget(feed)
    }

    /// Keeps the subscriber's connection and checks silent subjects, until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.subscriber.run() }
            group.addTask { await self.lookLoop() }
        }
    }

    /// Subscribes the subjects that have more channels now, and reads them again. To be called when the count of partitions has grown.
    func partitionsChanged() async { await each(Array(feeds.values)) { await $0.subscribeToNew() } }

    private func lookLoop() async {
        while !Task.isCancelled {
            let isBack = (try? await reconnected.wait(upTo: Self.silence)) ?? false
            await refresh(unasked: isBack)
        }
    }

    /// Reads the subjects that are not final, if they have news. With `unasked` it reads all of them: after a reconnect, messages were missed.
    private func refresh(unasked: Bool) async {
        await each(feeds.values.filter { !$0.core.isFinal }) { await self.refresh($0, unasked: unasked) }
    }

    /// Works on feeds, a batch of them at once.
    private func each(_ feeds: [Feed<Core>], _ work: @escaping @ServiceActor (Feed<Core>) async -> Void) async {
        for start in stride(from: 0, to: feeds.count, by: source.batch) {
            guard !Task.isCancelled else { return }
            await withTaskGroup(of: Void.self) { group in
                for feed in feeds[start..<min(start + source.batch, feeds.count)] { group.addTask { await work(feed) } }
            }
        }
    }

    private func refresh(_ feed: Feed<Core>, unasked: Bool) async {
        if unasked { return await feed.refresh() }
        if await source.hasNews(feed.subject, feed.core) { await feed.refresh() }
    }

    private func forget(_ feed: Feed<Core>) { if feeds[feed.subject] === feed { feeds[feed.subject] = nil } }
}
