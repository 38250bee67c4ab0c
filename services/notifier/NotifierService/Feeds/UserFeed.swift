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

/// The orders of one user, for all the sockets of this process that follow the user.
///
/// Pub/Sub is only the bell here too: the first message of an order that was not seen before makes it known. Every read of the user's list finds
/// those whose bell was not heard, because a list keeps an order for as long as its hash is there.
@ServiceActor
final class UserFeed {
    /// Orders of one user that are looked at, the newest.
    nonisolated static let mostOrders = 10_000
    /// For how long a feed tries to subscribe and to read.
    private static let outage = Duration.seconds(30)
    /// An order may enter the list so many ms after the time that it has there: its acceptance was repeated, or its gateway's clock is behind.
    private static let overlap: UInt64 = 60_000
    /// Reads in a row that begin at the newest order seen. Then the whole list is read once more, and what has left it is forgotten.
    private static let mostPartial = 15

    private struct Entry {
        let watcher: any UserWatcher
        /// Orders that ended from then on are told too, in Unix ms; nil for none.
        let since: UInt64?
        /// What the watcher was told before a read that began after it came; nil when that read is done.
        var told: Set<OrderID>? = []
    }

    let user: UserID
    private let directory: any UserDirectory
    private let subscriber: RedisSubscriber
    private let log: Logger
    private let onEnd: @ServiceActor (UserFeed) -> Void
    private var subscription: RedisSubscription?
    private var watchers: [ObjectIdentifier: Entry] = [:]
    private var seen: Set<OrderID> = []
    /// Those of `seen` whose bell was heard since the last read began.
    private var arrivals: Set<OrderID> = []
    /// When the newest order was placed that a read has found, in Unix ms; nil before there is one.
    private var newest: UInt64?
    /// Reads since the last one of the whole list.
    private var partialReads = 0
    private let reading = SharedWork()

    /// A feed that is opened next. `onEnd` is called when it has given up, before its watchers are told.
    init(
        user: UserID, directory: any UserDirectory, subscriber: RedisSubscriber, log: Logger, onEnd: @escaping @ServiceActor (UserFeed) -> Void
    ) {
        self.user = user
        self.directory = directory
        self.subscriber = subscriber
        self.log = log
        self.onEnd = onEnd
    }

    var isWatched: Bool { !watchers.isEmpty }

    /// Adds a watcher: it is told of the orders that are under way, and of those that ended from `since` on.
    func add(_ watcher: any UserWatcher, since: UInt64?) {
        watchers[ObjectIdentifier(watcher)] = Entry(watcher: watcher, since: since)
        // A feed that is being opened reads next anyway.
        if subscription != nil { Loop.spawn { await self.refresh() } }
    }

    func remove(_ watcher: any UserWatcher) { watchers[ObjectIdentifier(watcher)] = nil }

    /// Subscribes, then reads.
    func open() async {
        let start = MonotonicInstant.now
        var backoff = Backoff(first: .milliseconds(100), most: .seconds(2))
        while isWatched {
            do throws(RedisError) {
                let made = try await subscriber.subscribe(Keys.updates(user: user)) { [weak self] in self?.received($0) }
                // The last watcher may have left meanwhile, and `close` found nothing to cancel.
                guard isWatched else { return made.cancel() }
                subscription = made
                return await refresh()
            } catch {
                log.limited(.warning, "feed.not_subscribed", every: .seconds(5), ["reason": .string(error.message)])
                guard start.elapsed < Self.outage else { return end() }
                try? await sleep(for: backoff.next())
            }
        }
    }

    func close() {
        subscription?.cancel()
        subscription = nil
    }

    /// Reads the user's list; returns after a read that began no earlier than the call.
    func refresh() async { await reading.run(while: { self.isWatched }) { await self.read() } }

    private func read() async {
        let start = MonotonicInstant.now
        var backoff = Backoff(first: .milliseconds(100), most: .seconds(2))
        while isWatched && !Task.isCancelled {
            arrivals = []
            let newcomers = watchers.filter { $0.value.told != nil }.map(\.key)
            let since = newcomers.isEmpty ? beginning : 0
            do throws(PipelineError) {
                return take(try await directory.orders(of: user, placedFrom: since), isWhole: since == 0, newcomers)
            } catch {
                guard start.elapsed < Self.outage else { return end() }
                try? await sleep(for: backoff.next())
            }
        }
    }

    /// From when on a read has to find what was missed; 0 for the whole list. Only a newcomer needs what is older than the newest order seen.
    private var beginning: UInt64 {
        guard let newest, partialReads < Self.mostPartial, seen.count <= 2 * Self.mostOrders else { return 0 }
        return newest - min(newest, Self.overlap)
    }

    /// Newcomers are told what they asked for, the others what they have not heard of.
    private func take(_ orders: [UserOrder], isWhole: Bool, _ newcomers: [ObjectIdentifier]) {
        let missed = orders.filter { !seen.contains($0.id) }.map(\.id)
        // What has left the list cannot happen again.
        seen = (isWhole ? arrivals : seen).union(orders.map(\.id))
        partialReads = isWhole ? 0 : partialReads + 1
        newest = max(newest ?? 0, orders.map(\.placed).max() ?? 0)
        for id in missed { announce(id) { $0.told == nil } }
        for key in newcomers {
            guard let entry = watchers[key], let told = entry.told else { continue }
            watchers[key]?.told = nil
            let wanted = orders.filter { order in
                !told.contains(order.id) && (order.ended.map { ended in entry.since.map { ended >= $0 } ?? false } ?? true)
            }
            entry.watcher.userIsKnown(orders: wanted.count)
            for order in wanted where watchers[key] != nil { entry.watcher.orderAppeared(order.id) }
        }
    }

    private func received(_ payload: String) {
        guard let id = Self.orderID(of: payload) else { return }
        arrivals.insert(id)
        guard seen.insert(id).inserted else { return }
        announce(id) { _ in true }
        // A read forgets what is over.
        if seen.count > 2 * Self.mostOrders, !reading.isUnderWay { Loop.spawn { await self.refresh() } }
    }

    private func announce(_ id: OrderID, to isMeant: (Entry) -> Bool) {
        for key in Array(watchers.keys) {
            // A watcher may leave when it is told something.
            guard let entry = watchers[key], isMeant(entry) else { continue }
            watchers[key]?.told?.insert(id)
            entry.watcher.orderAppeared(id)
        }
    }

    /// Every event begins with its order; the rest of it is not needed here.
    private static func orderID(of payload: String) -> OrderID? {
        let start = #"{"orderId":""#
        return payload.hasPrefix(start) ? OrderID(parsing: String(payload.dropFirst(start.count).prefix(36))) : nil
    }

    private func end() {
        let leaving = watchers.values.map(\.watcher)
        watchers = [:]
        close()
        onEnd(self)
        for watcher in leaving { watcher.userFeedFailed() }
    }
}
