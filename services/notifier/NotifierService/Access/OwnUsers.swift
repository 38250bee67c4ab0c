internal import Access
internal import EventLoop
internal import Orders
internal import Pipeline

/// Tells whose orders are.
@ServiceActor
protocol OrderOwners: AnyObject {
    /// The owner of each order that Redis has; an order without an owner is nil inside. Throws if they cannot be read now.
    func owners(of ids: [OrderID]) async throws(PipelineError) -> [OrderID: Owner?]
}

/// The users' orders that one caller may see. A user may have orders of several owners.
@ServiceActor
final class OwnUsers: UserSource {
    private let users: any UserSource
    private let owners: any OrderOwners
    private let principal: Principal
    private var watches: [ObjectIdentifier: OwnUserWatch] = [:]

    /// The users' orders of `source` that a caller may see.
    static func of(_ source: any UserSource, owners: any OrderOwners, for principal: Principal) -> any UserSource {
        principal.sight == .all ? source : OwnUsers(source, owners, principal)
    }

    private init(_ users: any UserSource, _ owners: any OrderOwners, _ principal: Principal) {
        self.users = users
        self.owners = owners
        self.principal = principal
    }

    func follow(_ user: UserID, since: UInt64?, _ watcher: any UserWatcher) {
        let watch = OwnUserWatch(watcher, owners, principal)
        watches[ObjectIdentifier(watcher)] = watch
        users.follow(user, since: since, watch)
    }

    func unfollow(_ user: UserID, _ watcher: any UserWatcher) {
        guard let watch = watches.removeValue(forKey: ObjectIdentifier(watcher)) else { return }
        watch.end()
        users.unfollow(user, watch)
    }
}

/// Passes on the orders that the caller may see, in the sequence in which they were heard of.
@ServiceActor
private final class OwnUserWatch: UserWatcher {
    private enum News {
        case known(orders: Int)
        case appeared(OrderID)

        var id: OrderID? { if case .appeared(let id) = self { id } else { nil } }
    }

    /// Orders whose owners are asked for at once.
    private static let page = 100
    /// How long owners may be unreadable.
    private static let outage = Duration.seconds(30)

    private var watcher: (any UserWatcher)?
    private let owners: any OrderOwners
    private let principal: Principal
    private var news: [News] = []
    private var isWorking = false

    init(_ watcher: any UserWatcher, _ owners: any OrderOwners, _ principal: Principal) {
        self.watcher = watcher
        self.owners = owners
        self.principal = principal
    }

    func end() { watcher = nil }

    func userIsKnown(orders: Int) { take(.known(orders: orders)) }

    func orderAppeared(_ id: OrderID) { take(.appeared(id)) }

    func userFeedFailed() { watcher?.userFeedFailed() }

    private func take(_ piece: News) {
        // While the owners cannot be read, more may come than the feed tells at once.
        guard news.count <= 2 * UserFeed.maxOrders else { return giveUp() }
        news.append(piece)
        guard !isWorking else { return }
        isWorking = true
        Loop.spawn {
            await self.work()
            self.isWorking = false
        }
    }

    private func work() async {
        while watcher != nil, let first = news.first {
            switch first {
            case .known(let count):
                // Its orders follow within the same turn of the loop.
                let ids = news.dropFirst().prefix(count).compactMap(\.id)
                news.removeFirst(1 + ids.count)
                guard let own = await own(ids) else { return }
                watcher?.userIsKnown(orders: own.count)
                for id in own { watcher?.orderAppeared(id) }
            case .appeared:
                let ids = news.prefix(Self.page).prefix { $0.id != nil }.compactMap(\.id)
                news.removeFirst(ids.count)
                guard let own = await own(ids) else { return }
                for id in own { watcher?.orderAppeared(id) }
            }
        }
    }

    /// Those of the orders that the caller may see. Nil if that cannot be found out; then the watcher was told so.
    private func own(_ ids: [OrderID]) async -> [OrderID]? {
        let start = MonotonicInstant.now
        var backoff = Backoff(first: .milliseconds(100), max: .seconds(2))
        while watcher != nil {
            if let owners = try? await owners.owners(of: ids) {
                return ids.filter { id in owners[id].map { principal.sees(id, of: $0) } ?? false }
            }
            guard start.elapsed < Self.outage else { break }
            try? await sleep(for: backoff.next())
        }
        giveUp()
        return nil
    }

    private func giveUp() {
        news = []
        watcher?.userFeedFailed()
    }
}
