internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import Redis

/// Is given the events of an order, each once and in order of seq.
@ServiceActor
protocol OrderWatcher: AnyObject {
    /// The next event.
    func deliver(_ event: OrderEvent)
    /// There will be none: the order is not known.
    func orderIsUnknown()
    /// There are none at the moment, and nobody knows for how long.
    func feedFailed()
}

/// The events of one order, for all the sockets of this process that watch it.
///
/// Pub/Sub is only the bell; the hash is the truth. The feed subscribes, and reads the hash only after Redis has confirmed that: an event is then
/// either in what was read or on its way. What comes with a gap before it makes the feed read again.
@ServiceActor
final class OrderFeed {
    /// A socket may be ahead of its order by this much.
    private static let patience = Duration.seconds(2)
    private static let mostReads = 10

    let id: OrderID
    private let history: OrderHistory
    private let subscriber: RedisSubscriber
    private let log: Logger
    private var subscription: RedisSubscription?
    private var events: [OrderEvent] = []
    private var watchers: [ObjectIdentifier: (watcher: any OrderWatcher, next: Int)] = [:]
    private var reading = false
    private var readAgain = false
    private var opened = MonotonicInstant.now
    private var bell = LoopSignal()

    init(id: OrderID, history: OrderHistory, subscriber: RedisSubscriber, log: Logger) {
        self.id = id
        self.history = history
        self.subscriber = subscriber
        self.log = log
    }

    var isWatched: Bool { !watchers.isEmpty }
    var isFinal: Bool { events.last?.status.isFinal ?? false }
    var seq: Int { events.count }

    /// Adds a watcher that has seen the events up to `after`.
    func add(_ watcher: any OrderWatcher, after: Int) {
        watchers[ObjectIdentifier(watcher)] = (watcher, after + 1)
        hand(to: ObjectIdentifier(watcher))
    }

    func remove(_ watcher: any OrderWatcher) { watchers[ObjectIdentifier(watcher)] = nil }

    /// Subscribes, then reads. Ends when the order's events so far are here, or it is certain that there are none.
    func open() async {
        do throws(RedisError) {
            subscription = try await subscriber.subscribe(Keys.updates(id)) { [weak self] in self?.received($0) }
        } catch {
            log.limited(.warning, "feed.not_subscribed", every: .seconds(5), ["reason": .string(error.message)])
            return fail()
        }
        opened = .now
        await refresh()
        while events.isEmpty, isWatched, opened.elapsed < Self.patience {
            _ = try? await bell.wait(atMost: Self.patience - opened.elapsed)
            await refresh()
        }
        if events.isEmpty { for (_, entry) in watchers { entry.watcher.orderIsUnknown() } }
    }

    func close() {
        subscription?.cancel()
        subscription = nil
    }

    /// Reads the order again and hands on what is new. A call while one is under way makes that one read once more.
    func refresh() async {
        guard !reading else { return readAgain = true }
        reading = true
        defer { reading = false }
        for _ in 0..<Self.mostReads {
            readAgain = false
            switch await history.read(id) {
            case .events(let all): append(all)
            case .unknown: break
            case .unavailable: return fail()
            }
            if !readAgain { return }
        }
    }

    private func received(_ payload: String) {
        guard let event = try? OrderEvent(parsing: payload) else { return }
        if event.seq == seq + 1 && !reading {
            append(events + [event])
        } else if event.seq > seq {
            // A gap, or a read under way that may be older than this event.
            Loop.spawn { await self.refresh() }
        }
        bell.notify()
    }

    /// Takes over what is beyond the newest event.
    private func append(_ all: [OrderEvent]) {
        guard all.count > events.count else { return }
        events = all
        for watcher in Array(watchers.keys) { hand(to: watcher) }
    }

    private func hand(to key: ObjectIdentifier) {
        while let entry = watchers[key], entry.next <= events.count {
            watchers[key]?.next += 1
            entry.watcher.deliver(events[entry.next - 1])
        }
    }

    private func fail() { for (_, entry) in watchers { entry.watcher.feedFailed() } }
}
