internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import Redis

/// Hears which orders a user has, each once. `OrderFeeds` tells what happens to them.
@ServiceActor
protocol UserWatcher: AnyObject {
    /// The next calls name so many orders that came before. After them each order comes as it is placed.
    func userIsKnown(orders: Int)
    /// An order that the watcher has not heard of before.
    func orderAppeared(_ id: OrderID)
    /// Nothing can be read, and the end of that is not known.
    func userFeedFailed()
}

/// The orders of one user, and which of them each watcher has heard of.
///
/// The first message of an order makes it known. Every read of the user's list finds the orders whose messages were missed, because the list keeps an
/// order for as long as its hash exists.
struct UserFeed: FeedCore {
    typealias Subject = UserID

    /// How many orders of one user are followed: the newest ones.
    static let maxOrders = 10_000
    /// An order may enter the list up to so many ms after the time that it has there: because its acceptance was repeated, or its gateway's clock is
    /// behind.
    private static let overlap: UInt64 = 60_000
    /// Reads in a row that begin at the newest order seen. Then the whole list is read once more, and orders that have left it are forgotten.
    private static let maxPartialReads = 15

    /// The news for a `UserWatcher`.
    enum News {
        case known(orders: Int)
        case appeared(OrderID)
        case failed
    }

    /// A read of the list.
    struct Question {
        /// The time from which orders are wanted, in Unix ms; 0 for the whole list.
        let since: UInt64
        /// The watchers that came before the read began and have not been served yet.
        let newcomers: [ObjectIdentifier]
    }

    private struct Place {
        /// Orders that ended at this time or later are told too, in Unix ms; nil for none.
        let since: UInt64?
        /// The orders that the watcher heard of before its first read has ended; nil after that read.
        var told: Set<OrderID>? = []
        var news: ArraySlice<News> = []
    }

    static var subscribingLimit: Duration { .seconds(30) }
    static var failure: News { .failed }

    private var places: [ObjectIdentifier: Place] = [:]
    private var seen: Set<OrderID> = []
    /// The orders in `seen` with a message since the last read began.
    private var arrivals: Set<OrderID> = []
    /// When the newest order that a read has found was placed, in Unix ms; nil before there is one.
    private var newest: UInt64?
    /// Reads since the last one of the whole list.
    private var partialReads = 0
    private var isReading = false

    /// A user may always place another order, and need not have one.
    var isFinal: Bool { false }
    var absence: News? { nil }

    /// Adds a watcher. It is told of the orders under way, and of those that ended at `since` or later.
    mutating func add(_ watcher: ObjectIdentifier, from since: UInt64?) -> Bool {
        places[watcher] = Place(since: since)
        return true
    }

    mutating func remove(_ watcher: ObjectIdentifier) { places[watcher] = nil }

    mutating func question() -> Question {
        arrivals = []
        isReading = true
        let newcomers = places.filter { $0.value.told != nil }.map(\.key)
        return Question(since: newcomers.isEmpty ? beginning : 0, newcomers: newcomers)
    }

    /// The time from which a read must find missed orders; 0 for the whole list. Only a new watcher needs orders older than the newest one seen.
    private var beginning: UInt64 {
        guard let newest, partialReads < Self.maxPartialReads, seen.count <= 2 * Self.maxOrders else { return 0 }
        return newest - min(newest, Self.overlap)
    }

    /// New watchers are told the orders that they asked for, the others those that they have not heard of. Nil means that the list could not be read.
    mutating func take(_ answer: [UserOrder]?, to question: Question) -> FeedVerdict<News> {
        guard let orders = answer else { return .again }
        isReading = false
        let missed = orders.filter { !seen.contains($0.id) }.map(\.id)
        // An order that has left the list can have no more events.
        let isWhole = question.since == 0
        seen = (isWhole ? arrivals : seen).union(orders.map(\.id))
        partialReads = isWhole ? 0 : partialReads + 1
        newest = max(newest ?? 0, orders.map(\.placed).max() ?? 0)
        for id in missed { announce(id) { $0.told == nil } }
        for key in question.newcomers { welcome(key, orders) }
        return .taken
    }

    mutating func hear(_ message: String) -> Bool {
        guard let id = Self.orderID(of: message) else { return false }
        arrivals.insert(id)
        guard seen.insert(id).inserted else { return false }
        announce(id) { _ in true }
        // A read forgets orders that are over.
        return seen.count > 2 * Self.maxOrders && !isReading
    }

    mutating func next(for watcher: ObjectIdentifier) -> News? {
        if let news = places[watcher]?.news.popFirst() { return news }
        places[watcher]?.news = []
        return nil
    }

    private mutating func welcome(_ key: ObjectIdentifier, _ orders: [UserOrder]) {
        guard let place = places[key], let told = place.told else { return }
        let wanted = orders.filter { order in
            !told.contains(order.id) && (order.ended.map { ended in place.since.map { ended >= $0 } ?? false } ?? true)
        }
        places[key]?.told = nil
        places[key]?.news.append(.known(orders: wanted.count))
        places[key]?.news.append(contentsOf: wanted.map { .appeared($0.id) })
    }

    private mutating func announce(_ id: OrderID, to isMeant: (Place) -> Bool) {
        for key in Array(places.keys) where places[key].map(isMeant) ?? false {
            places[key]?.told?.insert(id)
            places[key]?.news.append(.appeared(id))
        }
    }

    /// Every event begins with its order's id. The rest of it is not needed here.
    private static func orderID(of message: String) -> OrderID? {
        let start = #"{"orderId":""#
        return message.hasPrefix(start) ? OrderID(parsing: String(message.dropFirst(start.count).prefix(36))) : nil
    }
}

typealias UserFeeds = Feeds<UserFeed>

extension Feeds where Core == UserFeed {
    convenience init(directory: any UserDirectory, pipeline: OrderPipeline, subscriber: RedisSubscriber, log: Logger) {
        let source = FeedSource<UserFeed>(
            channels: { pipeline.channels(of: $0) },
            read: { user, question in try? await directory.orders(of: user, placedFrom: question.since) }, hasNews: { _, _ in true }, batch: 50)
        self.init(source: source, subscriber: subscriber, log: log)
    }

    /// Follows a user: orders under way, orders that ended at `since` (Unix ms) or later, and orders to come.
    func follow(_ user: UserID, since: UInt64?, _ watcher: any UserWatcher) {
        watch(user, from: since, FeedWatcher(key: ObjectIdentifier(watcher)) { $0.tell(watcher) })
    }

    func unfollow(_ user: UserID, _ watcher: any UserWatcher) { unwatch(user, ObjectIdentifier(watcher)) }
}

extension UserFeed.News {
    /// Returns false: no watcher wants a user's orders again.
    @ServiceActor
    fileprivate func tell(_ watcher: any UserWatcher) -> Bool {
        switch self {
        case .known(let orders): watcher.userIsKnown(orders: orders)
        case .appeared(let id): watcher.orderAppeared(id)
        case .failed: watcher.userFeedFailed()
        }
        return false
    }
}
