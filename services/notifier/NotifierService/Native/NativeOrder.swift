internal import EventLoop
internal import Orders

/// An order that a session follows because its client has named it, because a user that the client follows placed it, or both. Each event is sent
/// once.
@ServiceActor
final class NativeOrder: OrderWatcher {
    enum Phase {
        /// Waits until the session watches it.
        case waiting
        /// Is watched, but nothing is known yet.
        case opening
        case open
    }

    let id: OrderID
    var phase = Phase.waiting
    /// Whether the client has named it.
    var isSubscribed = false
    /// The users through whom it is followed.
    var users: Set<UserID> = []
    /// The seq of the last event that the client has seen.
    private(set) var seen: Seq
    /// The newest known seq; nil before the order is known.
    private(set) var newest: Int?
    /// When its events became unreadable; nil while they can be read.
    var failingSince: MonotonicInstant?
    var backoff = Backoff(first: .milliseconds(200), max: .seconds(2))
    /// The order as it was placed, for the next event.
    private var introduction: Order?
    private weak var session: NativeSession?

    init(id: OrderID, after: Seq, session: NativeSession) {
        self.id = id
        seen = after
        self.session = session
    }

    var isWanted: Bool { isSubscribed || !users.isEmpty }

    func orderIsKnown(_ order: Order, seq: Int) {
        let isFirst = newest == nil
        if isFirst { introduction = order }
        newest = seq
        failingSince = nil
        backoff.reset()
        session?.opened(self, isFirst: isFirst)
    }

    func deliver(_ event: OrderEvent) {
        seen = Seq(clamping: event.seq)
        newest = event.seq
        session?.send(NativeReply.event(event, of: introduction))
        introduction = nil
    }

    func orderIsBehind(seq: Int) -> Bool {
        seen = 0
        newest = seq
        session?.send(NativeError.seqAhead(id, seq: seq).frame)
        return true
    }

    func orderIsOver() { session?.ended(self) }

    func orderIsUnknown() { session?.lost(self) }

    func feedFailed() { session?.failed(self) }
}

/// A user that a session follows.
@ServiceActor
final class NativeUser: UserWatcher {
    private let user: UserID
    private weak var session: NativeSession?

    init(_ user: UserID, session: NativeSession) {
        self.user = user
        self.session = session
    }

    func userIsKnown(orders: Int) { session?.send(NativeReply.subscribed(user, orders: orders)) }

    func orderAppeared(_ id: OrderID) { session?.appeared(id, of: user) }

    func userFeedFailed() { session?.giveUp() }
}
