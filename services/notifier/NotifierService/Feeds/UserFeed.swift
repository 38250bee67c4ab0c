internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import Redis

/// Is told which orders a user has, each once. What happens to them is for `OrderFeeds` to tell.
@ServiceActor
protocol UserWatcher: AnyObject {
    /// The next calls name this many orders that came before; after them each comes as it is placed.
    func userIsKnown(orders: Int)
    /// An order that the watcher was not told of before.
    func orderAppeared(_ id: OrderID)
    /// There is nothing to be learned at the moment, and nobody knows for how long.
    func userFeedFailed()
}

/// The orders of one user, and which of them each watcher was told.
///
/// The first message of an order that was not seen before makes it known. Every read of the user's list finds those whose bell was not heard, because
/// a list keeps an order for as long as its hash is there.
struct UserFeed: FeedCore {
    /// Orders of one user that are looked at, the newest.
    static let maxOrders = 10_000
    /// An order may enter the list so many ms after the time that it has there: its acceptance was repeated, or its gateway's clock is behind.
    private static let overlap: UInt64 = 60_000
    /// Reads in a row that begin at the newest order seen. Then the whole list is read once more, and what has left it is forgotten.
    private static let maxPartialReads = 15

    /// What a `UserWatcher` is told.
    enum News {
        case known(orders: Int)
        case appeared(OrderID)
        case failed
    }

    /// A read of the list.
    struct Question {
        /// From when on orders are wanted, in Unix ms; 0 for the whole list.
        let since: UInt64
        /// Who came before it began and is not served yet.
        let newcomers: [ObjectIdentifier]
    }

    private struct Place {
        /// Orders that ended from then on are told too, in Unix ms; nil for none.
        let since: UInt64?
        /// What the watcher was told before a read that began after it came; nil when that read is done.
        var told: Set<OrderID>? = []
        var news: ArraySlice<News> = []
    }

    static var subscribingLimit: Duration { .seconds(30) }
    static var failure: News { .failed }

    private var places: [ObjectIdentifier: Place] = [:]
    private var seen: Set<OrderID> = []
    /// Those of `seen` whose bell was heard since the last read began.
    private var arrivals: Set<OrderID> = []
    /// When the newest order was placed that a read has found, in Unix ms; nil before there is one.
    private var newest: UInt64?
    /// Reads since the last one of the whole list.
    private var partialReads = 0
    private var isReading = false

    static func channel(of user: UserID) -> String { Keys.updates(user: user) }

    /// A user may always place another order, and need not have one.
    var isFinal: Bool { false }
    var absence: News? { nil }

    /// Adds a watcher: it is told of the orders that are under way, and of those that ended from `since` on.
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

    /// From when on a read has to find what was missed; 0 for the whole list. Only a newcomer needs what is older than the newest order seen.
    private var beginning: UInt64 {
        guard let newest, partialReads < Self.maxPartialReads, seen.count <= 2 * Self.maxOrders else { return 0 }
        return newest - min(newest, Self.overlap)
    }

    /// Newcomers are told what they asked for, the others what they have not heard of. Without orders the list could not be read.
    mutating func take(_ answer: [UserOrder]?, to question: Question) -> FeedVerdict<News> {
        guard let orders = answer else { return .again }
        isReading = false
        let missed = orders.filter { !seen.contains($0.id) }.map(\.id)
        // What has left the list cannot happen again.
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
        // A read forgets what is over.
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

    /// Every event begins with its order; the rest of it is not needed here.
    private static func orderID(of message: String) -> OrderID? {
        let start = #"{"orderId":""#
        return message.hasPrefix(start) ? OrderID(parsing: String(message.dropFirst(start.count).prefix(36))) : nil
    }
}

/// The feeds of users.
typealias UserFeeds = Feeds<UserFeed>

extension Feeds where Core == UserFeed {
    convenience init(directory: any UserDirectory, subscriber: RedisSubscriber, log: Logger) {
        let source = FeedSource<UserFeed>(
            read: { user, question in try? await directory.orders(of: user, placedFrom: question.since) }, hasNews: { _, _ in true }, batch: 50)
        self.init(source: source, subscriber: subscriber, log: log)
    }

    /// Follows a user: orders under way, those that ended from `since` (Unix ms) on, and those to come.
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
