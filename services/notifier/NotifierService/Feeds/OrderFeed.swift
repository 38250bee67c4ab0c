internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import Redis

/// Is given the events of an order, each once and in order of seq.
@ServiceActor
protocol OrderWatcher: AnyObject {
    /// The first that it is given: all events so far, beginning with the one it asked for. At least one.
    func replay(_ events: [OrderEvent])
    /// The next event.
    func deliver(_ event: OrderEvent)
    /// The final event was delivered, now or to this client before: there will be no other.
    func orderIsOver()
    /// There will be none: the order is not known.
    func orderIsUnknown()
    /// There are none at the moment, and nobody knows for how long.
    func feedFailed()
    /// The order is known, and its newest event has this seq. Comes once, before all else.
    func orderIsKnown(_ order: Order, seq: Int)
    /// The watcher has seen more than the order has: what was lost may have been told otherwise since. Returns whether it wants all events again.
    func orderIsBehind(seq: Int) -> Bool
}

extension OrderWatcher {
    func orderIsKnown(_ order: Order, seq: Int) {}
    func orderIsBehind(seq: Int) -> Bool { false }
    func replay(_ events: [OrderEvent]) { for event in events { deliver(event) } }
}

/// The events of one order, for all the sockets of this process that watch it.
///
/// Pub/Sub is only the bell; the hash is the truth. The feed subscribes, and reads the hash only after Redis has confirmed that: an event is then
/// either in what was read or on its way. What comes with a gap before it makes the feed read again.
@ServiceActor
final class OrderFeed {
    /// A socket may be ahead of its order by this much.
    private static let patience = Duration.seconds(2)
    /// For how long a feed that has shown events tries to read on. Its watchers have nothing to gain from coming back meanwhile.
    private static let outage = Duration.seconds(30)

    /// How far a watcher is.
    private struct Place {
        let watcher: any OrderWatcher
        /// The seq that it is given next.
        var next: Int
        /// Whether it was told that the order is known.
        var isGreeted = false
        /// Whether it was given its first events.
        var isServed = false
    }

    let id: OrderID
    private let history: any OrderHistory
    private let subscriber: RedisSubscriber
    private let log: Logger
    private let onEnd: @ServiceActor (OrderFeed) -> Void
    private var subscription: RedisSubscription?
    /// What was ordered; nil before the first read.
    private var order: Order?
    private var events: [OrderEvent] = []
    private var watchers: [ObjectIdentifier: Place] = [:]
    private let reading = SharedWork()
    private let bell = LoopSignal()

    /// A feed that is opened next. `onEnd` is called when it has told its watchers that nothing comes, before they can come back.
    init(
        id: OrderID, history: any OrderHistory, subscriber: RedisSubscriber, log: Logger, onEnd: @escaping @ServiceActor (OrderFeed) -> Void
    ) {
        self.id = id
        self.history = history
        self.subscriber = subscriber
        self.log = log
        self.onEnd = onEnd
    }

    var isWatched: Bool { !watchers.isEmpty }
    var isFinal: Bool { events.last?.status.isFinal ?? false }
    /// Of the newest event; 0 before the first.
    var seq: Int { events.last?.seq ?? 0 }

    /// Adds a watcher that has seen the events up to `after`.
    func add(_ watcher: any OrderWatcher, after: Seq) {
        watchers[ObjectIdentifier(watcher)] = Place(watcher: watcher, next: after.next)
        hand(to: ObjectIdentifier(watcher))
    }

    func remove(_ watcher: any OrderWatcher) { watchers[ObjectIdentifier(watcher)] = nil }

    /// Subscribes, then reads. Returns when the order's events so far are here, or it is certain that there are none.
    func open() async {
        do throws(RedisError) {
            let made = try await subscriber.subscribe(Keys.updates(id)) { [weak self] in self?.received($0) }
            // The last watcher may have left meanwhile, and `close` found nothing to cancel.
            guard isWatched else { return made.cancel() }
            subscription = made
        } catch {
            log.limited(.warning, "feed.not_subscribed", every: .seconds(5), ["reason": .string(error.message)])
            return end { $0.feedFailed() }
        }
        let opened = MonotonicInstant.now
        await refresh()
        while events.isEmpty, isWatched, opened.elapsed < Self.patience {
            _ = try? await bell.wait(atMost: Self.patience - opened.elapsed)
            await refresh()
        }
        if events.isEmpty { end { $0.orderIsUnknown() } }
    }

    func close() {
        subscription?.cancel()
        subscription = nil
    }

    /// Reads the order again and hands on what is new; returns after a read that began no earlier than the call.
    func refresh() async { await reading.run(while: { self.isWatched }) { await self.read() } }

    private func read() async {
        let start = MonotonicInstant.now
        var backoff = Backoff(first: .milliseconds(100), most: .seconds(2))
        while isWatched && !Task.isCancelled {
            let seen = events
            switch await history.read(id) {
            case .events(let all, let order):
                self.order = order
                return Self.isRollback(from: seen, to: all) ? rewind(to: all) : append(all)
            case .unknown: return seen.isEmpty ? () : end { $0.orderIsUnknown() }
            case .unavailable where events.isEmpty || start.elapsed >= Self.outage: return end { $0.feedFailed() }
            case .unavailable: try? await sleep(for: backoff.next())
            }
        }
    }

    private func received(_ payload: String) {
        guard let event = try? OrderEvent(parsing: payload) else { return }
        if event.seq == seq + 1, order != nil {
            append(events + [event])
        } else if event.seq > seq {
            // A gap, or the first that is heard: what was ordered is in the hash only. A read that is under way may be older than this event, and
            // is done once more.
            Loop.spawn { await self.refresh() }
        }
        bell.notify()
    }

    /// Takes over what is beyond the newest event.
    private func append(_ all: [OrderEvent]) {
        guard let newest = all.last, newest.seq > seq else { return }
        events = all
        for watcher in Array(watchers.keys) { hand(to: watcher) }
    }

    /// Whether a read that began when `seen` was here can only mean that Redis has lost data.
    private static func isRollback(from seen: [OrderEvent], to all: [OrderEvent]) -> Bool {
        guard let newest = all.last else { return !seen.isEmpty }
        return newest.seq < seen.last?.seq ?? 0
            || zip(seen, all).contains { $0.seq == $1.seq && ($0.type != $1.type || $0.timestamp != $1.timestamp) }
    }

    private func rewind(to all: [OrderEvent]) {
        log.limited(.warning, "feed.rewound", every: .seconds(5), ["orderId": .string(id.description)])
        events = all
        for key in Array(watchers.keys) {
            if let entry = watchers[key], entry.next > 1, entry.watcher.orderIsBehind(seq: seq) { watchers[key]?.next = 1 }
            hand(to: key)
        }
    }

    private func hand(to key: ObjectIdentifier) {
        guard let order, !events.isEmpty, let entry = watchers[key] else { return }
        watchers[key]?.isGreeted = true
        if !entry.isGreeted { entry.watcher.orderIsKnown(order, seq: seq) }
        // An order that is over gets no further: its watcher has seen what is lost.
        if isFinal, entry.next > seq + 1, entry.watcher.orderIsBehind(seq: seq) { watchers[key]?.next = 1 }
        if !entry.isServed, let next = watchers[key]?.next, next <= seq {
            watchers[key]?.isServed = true
            watchers[key]?.next = seq + 1
            entry.watcher.replay(events.filter { $0.seq >= next })
        }
        for event in events {
            // A watcher may leave when it is told something.
            guard let entry = watchers[key] else { return }
            guard event.seq >= entry.next else { continue }
            watchers[key]?.next = event.seq + 1
            entry.watcher.deliver(event)
        }
        tellIfOver(key)
    }

    private func tellIfOver(_ key: ObjectIdentifier) { if isFinal { watchers[key]?.watcher.orderIsOver() } }

    /// Ends the feed: who comes next gets another one, which tries anew.
    private func end(_ tell: (any OrderWatcher) -> Void) {
        let leaving = watchers.values.map(\.watcher)
        watchers = [:]
        close()
        onEnd(self)
        for watcher in leaving { tell(watcher) }
    }
}
