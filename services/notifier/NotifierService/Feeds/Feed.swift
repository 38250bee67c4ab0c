internal import EventLoop
internal import Observability
internal import Redis

/// Follows one subject for all its watchers in this process.
///
/// Pub/Sub only tells that something has happened; the truth is in Redis' keys. The feed subscribes and reads only after Redis has confirmed the
/// subscription. So an event is either in what was read, or a message about it comes. If a message comes after a gap, the feed reads again.
@ServiceActor
final class Feed<Core: FeedCore> {
    /// How long a client may be ahead of its subject.
    static var patience: Duration { .seconds(2) }
    /// How long a feed tries to read again. Its watchers would gain nothing if they reconnected meanwhile.
    private static var outage: Duration { .seconds(30) }

    let subject: Core.Subject
    private(set) var core = Core()
    private let source: FeedSource<Core>
    private let subscriber: RedisSubscriber
    private let log: Logger
    private let onEnd: @ServiceActor (Feed) -> Void
    /// By their channels.
    private var subscriptions: [String: RedisSubscription] = [:]
    private var watchers: [ObjectIdentifier: FeedWatcher<Core.News>] = [:]
    private let reading = SharedWork()
    private let bell = LoopSignal()

    /// A feed that is opened next. `onEnd` is called when the feed gives up, before its watchers are told and can come back.
    init(
        _ subject: Core.Subject, source: FeedSource<Core>, subscriber: RedisSubscriber, log: Logger, onEnd: @escaping @ServiceActor (Feed) -> Void
    ) {
        self.subject = subject
        self.source = source
        self.subscriber = subscriber
        self.log = log
        self.onEnd = onEnd
    }

    var isWatched: Bool { !watchers.isEmpty }

    /// Adds a watcher. It is told within the call what is known already.
    func add(_ watcher: FeedWatcher<Core.News>, from start: Core.Start) {
        watchers[watcher.key] = watcher
        let needsRead = core.add(watcher.key, from: start)
        tell(watcher.key)
        // A feed that is being opened will read anyway.
        if needsRead, !subscriptions.isEmpty { Loop.spawn { await self.refresh() } }
    }

    func remove(_ watcher: ObjectIdentifier) {
        watchers[watcher] = nil
        core.remove(watcher)
    }

    /// Subscribes, then reads. Returns when the subject has been read, or when it is certain that there is nothing.
    func open() async {
        guard await subscribe() else { return }
        let opened = MonotonicInstant.now
        await refresh()
        while core.absence != nil, isWatched, opened.elapsed < Self.patience {
            _ = try? await bell.wait(upTo: Self.patience - opened.elapsed)
            await refresh()
        }
        if let absence = core.absence { end(absence) }
    }

    func close() {
        for subscription in subscriptions.values { subscription.cancel() }
        subscriptions = [:]
    }

    /// Subscribes to the channels that have been added to the subject's, and reads it again.
    func subscribeToNew() async {
        guard !newChannels.isEmpty, await subscribe() else { return }
        await refresh()
    }

    /// Reads the subject again and tells the watchers what is new. Returns after a read that began no earlier than the call.
    func refresh() async { await reading.run(while: { self.isWatched }) { await self.read() } }

    /// Returns false if no watcher is left, or if the feed has given up.
    private func subscribe() async -> Bool {
        let start = MonotonicInstant.now
        var backoff = Self.backoff
        while isWatched {
            do throws(RedisError) {
                try await listen()
                // The last watcher may have left meanwhile, and `close` found nothing to cancel.
                if !isWatched { close() }
                return isWatched
            } catch {
                log.limited(.warning, "feed.not_subscribed", every: .seconds(5), ["reason": .string(error.message)])
                guard start.elapsed < Core.subscribingLimit else {
                    end(Core.failure)
                    return false
                }
                try? await sleep(for: backoff.next())
            }
        }
        // Some channels may have been confirmed before another failed.
        close()
        return false
    }

    private var newChannels: [String] { source.channels(subject).filter { subscriptions[$0] == nil } }

    /// Subscribes to all new channels at once. Keeps those that were confirmed, also if it throws.
    private func listen() async throws(RedisError) {
        let failure = await withTaskGroup(of: RedisError?.self) { group in
            for channel in newChannels { group.addTask { await self.listen(to: channel) } }
            var failure: RedisError?
            for await reason in group { failure = failure ?? reason }
            return failure
        }
        if let failure { throw failure }
    }

    /// Returns why it could not subscribe; nil if it has.
    private func listen(to channel: String) async -> RedisError? {
        do throws(RedisError) {
            let made = try await subscriber.subscribe(channel) { [weak self] in self?.received($0) }
            subscriptions.updateValue(made, forKey: channel)?.cancel()
            return nil
        } catch {
            return error
        }
    }

    private static var backoff: Backoff { Backoff(first: .milliseconds(100), max: .seconds(2)) }

    private func read() async {
        let start = MonotonicInstant.now
        var backoff = Self.backoff
        while isWatched && !Task.isCancelled {
            let question = core.question()
            let answer = await source.read(subject, question)
            switch core.take(answer, to: question) {
            case .taken: return tellAll()
            case .rewound:
                log.limited(.warning, "feed.rewound", every: .seconds(5), ["orderId": .string("\(subject)")])
                return tellAll()
            case .again where start.elapsed < Self.outage: try? await sleep(for: backoff.next())
            case .again: return end(Core.failure)
            case .over(let news): return end(news)
            }
        }
    }

    private func received(_ message: String) {
        let needsRead = core.hear(message)
        tellAll()
        // A read that is under way may be older than the message, so another read follows it.
        if needsRead { Loop.spawn { await self.refresh() } }
        bell.notify()
    }

    private func tellAll() { for key in Array(watchers.keys) { tell(key) } }

    private func tell(_ key: ObjectIdentifier) {
        // A watcher may leave while it is told something.
        while let watcher = watchers[key], let news = core.next(for: key) { if watcher.tell(news) { core.startOver(key) } }
    }

    /// Ends the feed. A later watcher gets a new feed, which tries again.
    private func end(_ news: Core.News) {
        let leaving = watchers.values
        watchers = [:]
        close()
        onEnd(self)
        for watcher in leaving { _ = watcher.tell(news) }
    }
}
