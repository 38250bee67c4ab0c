internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import Redis

/// Gets the events of an order, each once and in order of seq.
@ServiceActor
protocol OrderWatcher: AnyObject {
    /// Comes before all other events: the events so far, from the first one it asked for. At least one.
    func replay(_ events: [OrderEvent])
    func deliver(_ event: OrderEvent)
    /// The final event was delivered, now or earlier: there will be no other.
    func orderIsOver()
    /// The order is not known, so there will be no events.
    func orderIsUnknown()
    /// The events cannot be read now, and the end of that is not known.
    func feedFailed()
    /// The order is known, and its newest event has this seq. Comes once, before all else.
    func orderIsKnown(_ order: Order, seq: Int)
    /// The watcher has seen more events than the order has. Redis has lost some, and other events may have taken their seqs. Returns whether the
    /// watcher wants all events again.
    func orderIsBehind(seq: Int) -> Bool
}

extension OrderWatcher {
    func orderIsKnown(_ order: Order, seq: Int) {}
    func orderIsBehind(seq: Int) -> Bool { false }
    func replay(_ events: [OrderEvent]) { for event in events { deliver(event) } }
}

/// The events of one order, and the place of each watcher.
struct OrderFeed: FeedCore {
    typealias Subject = OrderID

    /// The news for an `OrderWatcher`.
    enum News {
        case known(Order, seq: Int)
        case behind(seq: Int)
        case replay([OrderEvent])
        case event(OrderEvent)
        case over, unknown, failed
    }

    /// The place of a watcher.
    private struct Place {
        /// The seq of the next event for the watcher.
        var next: Int
        /// Whether it was told that the order is known.
        var isGreeted = false
        /// Whether it has got its first events.
        var isServed = false
        /// Whether Redis has lost events since it got some.
        var isRewound = false
        /// Whether it was told that it has seen more than the order has.
        var isAsked = false
        /// Whether it was told that the order is over.
        var isDone = false
    }

    /// A client that follows an order is told at once that this notifier cannot follow it, so that it connects to another one.
    static var subscribingLimit: Duration { .zero }
    static var failure: News { .failed }

    /// The order and its events; nil before the first read. What is heard is added to it.
    private var fold: OrderFold?
    private var places: [ObjectIdentifier: Place] = [:]

    private var events: [OrderEvent] { fold?.events ?? [] }
    var isFinal: Bool { events.last?.status.isFinal ?? false }
    var absence: News? { events.isEmpty ? .unknown : nil }
    /// The seq of the newest event; 0 before the first.
    var seq: Int { fold?.seq ?? 0 }

    /// Adds a watcher that has seen the events up to `after`.
    mutating func add(_ watcher: ObjectIdentifier, from after: Seq) -> Bool {
        places[watcher] = Place(next: after.next)
        return false
    }

    mutating func remove(_ watcher: ObjectIdentifier) { places[watcher] = nil }

    /// The events that are here when the read begins.
    func question() -> [OrderEvent] { events }

    mutating func take(_ answer: HistoryAnswer, to seen: [OrderEvent]) -> FeedVerdict<News> {
        switch answer {
        case .order(let all):
            guard Self.isRollback(from: seen, to: all.events) else {
                if fold == nil || all.seq > seq { follow(all) }
                return .taken
            }
            rewind(to: all)
            return .rewound
        case .unknown: return seen.isEmpty ? .taken : .over(.unknown)
        case .unavailable: return events.isEmpty ? .over(.failed) : .again
        }
    }

    mutating func hear(_ message: String) -> Bool {
        guard let line = try? EventLine(Substring(message)), line.seq > seq else { return false }
        // There is a gap, or this is the first message: only the hash has the order as it was placed. What cannot be added is there, too.
        guard line.seq == seq + 1 else { return true }
        guard (try? fold?.add(line)) != nil else { return true }
        fold?.keepTexts(from: line.seq)
        return false
    }

    mutating func next(for watcher: ObjectIdentifier) -> News? {
        guard let order = fold?.order, !events.isEmpty, var place = places[watcher] else { return nil }
        defer { places[watcher] = place }
        if !place.isGreeted {
            place.isGreeted = true
            return .known(order, seq: seq)
        }
        // An order that is over gets no further events. So a watcher beyond its end has seen lost events.
        if place.isRewound || (isFinal && place.next > seq + 1 && !place.isAsked) {
            (place.isRewound, place.isAsked) = (false, true)
            return .behind(seq: seq)
        }
        if !place.isServed, place.next <= seq {
            defer { (place.isServed, place.next) = (true, seq + 1) }
            return .replay(events.filter { $0.seq >= place.next })
        }
        if let event = events.first(where: { $0.seq >= place.next }) {
            place.next = event.seq + 1
            return .event(event)
        }
        guard isFinal, !place.isDone else { return nil }
        place.isDone = true
        return .over
    }

    mutating func startOver(_ watcher: ObjectIdentifier) { places[watcher]?.next = 1 }

    /// Whether a read that began with the events `seen` proves that Redis has lost data.
    private static func isRollback(from seen: [OrderEvent], to all: [OrderEvent]) -> Bool {
        guard let newest = all.last else { return !seen.isEmpty }
        return newest.seq < seen.last?.seq ?? 0
            || zip(seen, all).contains { $0.seq == $1.seq && ($0.type != $1.type || $0.timestamp != $1.timestamp) }
    }

    /// Follows an order that was read. Many watchers may be told of its events, so their texts are kept.
    private mutating func follow(_ order: OrderFold) {
        fold = order
        fold?.keepTexts()
    }

    private mutating func rewind(to all: OrderFold) {
        follow(all)
        places = places.mapValues { place in
            var place = place
            (place.isRewound, place.isDone) = (place.next > 1, false)
            return place
        }
    }
}

typealias OrderFeeds = Feeds<OrderFeed>

extension Feeds where Core == OrderFeed {
    convenience init(history: any OrderHistory, pipeline: OrderPipeline, subscriber: RedisSubscriber, log: Logger) {
        let source = FeedSource<OrderFeed>(
            channels: { [pipeline.channel(of: $0)] },
            read: { id, _ in await history.read(id) },
            hasNews: { id, feed in
                guard let newest = try? await pipeline.newestSeq(id) else { return false }
                return newest != feed.seq
            }, batch: 200)
        self.init(source: source, subscriber: subscriber, log: log)
    }

    /// Watches an order from the event after `after` on.
    func watch(_ id: OrderID, after: Seq, _ watcher: any OrderWatcher) {
        watch(id, from: after, FeedWatcher(key: ObjectIdentifier(watcher)) { $0.tell(watcher) })
    }

    func unwatch(_ id: OrderID, _ watcher: any OrderWatcher) { unwatch(id, ObjectIdentifier(watcher)) }
}

extension OrderFeed.News {
    /// Returns whether the watcher wants all events again.
    @ServiceActor
    fileprivate func tell(_ watcher: any OrderWatcher) -> Bool {
        switch self {
        case .known(let order, let seq): watcher.orderIsKnown(order, seq: seq)
        case .behind(let seq): return watcher.orderIsBehind(seq: seq)
        case .replay(let events): watcher.replay(events)
        case .event(let event): watcher.deliver(event)
        case .over: watcher.orderIsOver()
        case .unknown: watcher.orderIsUnknown()
        case .failed: watcher.feedFailed()
        }
        return false
    }
}
