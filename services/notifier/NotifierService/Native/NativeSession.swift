internal import EventLoop
internal import HTTP
internal import Orders

/// Gives a session the events of orders.
@ServiceActor
protocol OrderSource: AnyObject {
    func watch(_ id: OrderID, after: Seq, _ watcher: any OrderWatcher)
    func unwatch(_ id: OrderID, _ watcher: any OrderWatcher)
}

/// Gives a session the orders of users.
@ServiceActor
protocol UserSource: AnyObject {
    func follow(_ user: UserID, since: UInt64?, _ watcher: any UserWatcher)
    func unfollow(_ user: UserID, _ watcher: any UserWatcher)
}

extension Feeds: OrderSource where Core == OrderFeed {}
extension Feeds: UserSource where Core == UserFeed {}

/// One client of `/v1/stream`, with many orders and whole users on one socket. A request that cannot be carried out gets an error frame, and the
/// socket stays open.
@ServiceActor
final class NativeSession {
    /// How many orders and users a client may name.
    static let maxSubscriptions = 1000
    /// How many orders a session may follow, those of users included.
    static let maxOrders = 10_000
    /// How many orders are opened at once: a replay of many orders must not make the client look slow.
    private static let maxOpening = 64
    /// After this time an order makes way for the next. An unknown order takes two seconds to be found out.
    private static let openingPatience = Duration.milliseconds(250)
    /// How long the events of an order may be unreadable.
    private static let outage = Duration.seconds(30)
    /// A user's orders that ended so many ms before `since` are shown too, because events of different orders may arrive in another sequence.
    private static let margin: UInt64 = 60_000

    private let outbox: NativeOutbox
    private let orderSource: any OrderSource
    private let userSource: any UserSource
    private var orders: [OrderID: NativeOrder] = [:]
    private var users: [UserID: NativeUser] = [:]
    private var subscriptions = 0
    private let asked = BoundedQueue<NativeOrder>(bound: 2 * maxOrders)
    private var opening = 0
    private var isOpeningMore = false
    private var isImpatient = false
    private var finished = RecentOrders()
    private var isOverflowing = false
    private var isClosed = false

    init(outbox: NativeOutbox, orders: any OrderSource, users: any UserSource) {
        self.outbox = outbox
        orderSource = orders
        userSource = users
        outbox.onEmpty = { [weak self] in self?.openMore() }
    }

    /// Carries out a frame of the client.
    func receive(_ text: String) {
        do throws(NativeError) {
            switch try NativeFrame(parsing: text) {
            case .subscribeOrder(let id, let after): try subscribe(id, after: after)
            case .subscribeUser(let user, let since): try subscribe(user, since: since)
            case .authenticate:
                // The caller is known already, or nobody has to be.
                send(NativeReply.authenticated)
            case .unsubscribeOrder(let id): unsubscribe(id)
            case .unsubscribeUser(let user): unsubscribe(user)
            case .ping(let id): send(NativeReply.pong(id: id))
            }
        } catch {
            send(error.frame)
        }
    }

    /// Ends all subscriptions, because the socket is gone.
    func close() {
        isClosed = true
        for (user, watcher) in users { userSource.unfollow(user, watcher) }
        for order in orders.values { orderSource.unwatch(order.id, order) }
        users = [:]
        orders = [:]
    }

    func send(_ text: String) { outbox.send(text) }

    // MARK: Requests of the client

    private func subscribe(_ id: OrderID, after: Seq) throws(NativeError) {
        if let order = orders[id] {
            try admitSubscription(.order(id), isNew: !order.isSubscribed)
            order.isSubscribed = true
            // The order's events come already, each once. If its seq is not known yet, the answer follows later.
            if let newest = order.newest { send(NativeReply.subscribed(id, seq: newest)) }
            return
        }
        try admitSubscription(.order(id), isNew: true)
        let order = NativeOrder(id: id, after: after, session: self)
        order.isSubscribed = true
        add(order)
    }

    private func subscribe(_ user: UserID, since: UInt64?) throws(NativeError) {
        guard users[user] == nil else { return send(NativeReply.subscribed(user, orders: orders.values.count { $0.users.contains(user) })) }
        try admitSubscription(.user(user), isNew: true)
        let watcher = NativeUser(user, session: self)
        users[user] = watcher
        userSource.follow(user, since: since.map { $0 - min($0, Self.margin) }, watcher)
    }

    private func admitSubscription(_ subject: NativeSubject, isNew: Bool) throws(NativeError) {
        guard isNew else { return }
        guard subscriptions < Self.maxSubscriptions else {
            throw .tooMany("One socket carries \(Self.maxSubscriptions) subscriptions: open another one, or end some.", subject)
        }
        subscriptions += 1
    }

    private func unsubscribe(_ id: OrderID) {
        guard let order = orders[id], order.isSubscribed else { return }
        order.isSubscribed = false
        subscriptions -= 1
        removeIfUnwanted(order)
    }

    private func unsubscribe(_ user: UserID) {
        guard let watcher = users.removeValue(forKey: user) else { return }
        subscriptions -= 1
        userSource.unfollow(user, watcher)
        for order in Array(orders.values) where order.users.remove(user) != nil { removeIfUnwanted(order) }
    }

    private func removeIfUnwanted(_ order: NativeOrder) {
        guard !order.isWanted else { return }
        orderSource.unwatch(order.id, order)
        remove(order)
    }

    // MARK: Orders

    /// A user has an order. An order that is over for this client may still come from the user's channel, which uses another connection.
    func appeared(_ id: OrderID, of user: UserID) {
        guard users[user] != nil, !finished.contains(id) else { return }
        if let order = orders[id] {
            order.users.insert(user)
            return
        }
        guard orders.count < Self.maxOrders else {
            if !isOverflowing {
                send(NativeError.tooMany("One socket follows \(Self.maxOrders) orders at once: some of this user's are left out.", .user(user)).frame)
            }
            isOverflowing = true
            return
        }
        isOverflowing = false
        let order = NativeOrder(id: id, after: 0, session: self)
        order.users = [user]
        add(order)
    }

    private func add(_ order: NativeOrder) {
        orders[order.id] = order
        ask(for: order)
    }

    private func ask(for order: NativeOrder) {
        order.phase = .waiting
        // Only a client that subscribes and unsubscribes without end can fill the queue.
        guard asked.send(order) else { return outbox.close(code: .policyViolation, reason: "too many changes at once") }
        openMore()
    }

    private func openMore() {
        // A feed that exists already answers at once and may end its order in the same call. So the loop goes on, and calls do not nest.
        guard !isOpeningMore else { return }
        isOpeningMore = true
        defer { isOpeningMore = false }
        while !isClosed, opening < Self.maxOpening, outbox.isCalm, let order = asked.poll() {
            guard orders[order.id] === order, order.phase == .waiting else { continue }
            order.phase = .opening
            opening += 1
            orderSource.watch(order.id, after: order.seen, order)
        }
        if opening >= Self.maxOpening, asked.count > 0 { makeWayLater() }
    }

    private func makeWayLater() {
        guard !isImpatient else { return }
        isImpatient = true
        Loop.spawn {
            try? await sleep(for: Self.openingPatience)
            self.isImpatient = false
            for order in self.orders.values where order.phase == .opening { self.leaveOpening(order, to: .open) }
            self.openMore()
        }
    }

    private func leaveOpening(_ order: NativeOrder, to phase: NativeOrder.Phase) {
        if order.phase == .opening { opening -= 1 }
        order.phase = phase
    }

    private func remove(_ order: NativeOrder) {
        guard orders[order.id] === order else { return }
        orders[order.id] = nil
        if order.isSubscribed { subscriptions -= 1 }
        leaveOpening(order, to: .open)
        openMore()
    }

    // MARK: News of the feeds

    func opened(_ order: NativeOrder, isFirst: Bool) {
        leaveOpening(order, to: .open)
        if isFirst, order.isSubscribed, let newest = order.newest { send(NativeReply.subscribed(order.id, seq: newest)) }
        openMore()
    }

    func ended(_ order: NativeOrder) {
        if order.isSubscribed, let newest = order.newest { send(NativeReply.done(order.id, seq: newest)) }
        finished.insert(order.id)
        orderSource.unwatch(order.id, order)
        remove(order)
    }

    func lost(_ order: NativeOrder) {
        if order.isSubscribed { send(NativeError.unknownOrder(order.id).frame) }
        remove(order)
    }

    /// The order's events cannot be read now. It is watched again after a pause, from the client's last event on.
    func failed(_ order: NativeOrder) {
        guard orders[order.id] === order else { return }
        leaveOpening(order, to: .waiting)
        let since = order.failingSince ?? .now
        order.failingSince = since
        guard since.elapsed < Self.outage else { return giveUp() }
        let pause = order.backoff.next()
        Loop.spawn {
            try? await sleep(for: pause)
            if self.orders[order.id] === order { self.ask(for: order) }
        }
    }

    /// Nothing can be read, and the end of that is not known. Another notifier may be able to read.
    func giveUp() { outbox.close(code: .tryAgainLater, reason: "try again in a few seconds") }
}
