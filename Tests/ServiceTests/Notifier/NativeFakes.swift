import EventLoop
import HTTP
import JSON
import Observability
import Orders

@testable import NotifierService

/// A client that takes only what the test lets it take.
@ServiceActor
final class FakeOutlet: NativeOutlet {
    private(set) var texts: [String] = []
    private(set) var closed: (code: CloseCode, reason: String)?
    /// While false, nothing leaves the socket.
    var takes = true { didSet { if takes { bufferedBytes = 0 } } }
    private(set) var bufferedBytes = 0
    private(set) var maxBuffered = 0

    var isOpen: Bool { closed == nil }

    func send(text: String) -> Bool {
        guard isOpen else { return false }
        texts.append(text)
        if !takes { bufferedBytes += text.utf8.count }
        maxBuffered = max(maxBuffered, bufferedBytes)
        return true
    }

    func close(code: CloseCode, reason: String) { if isOpen { closed = (code, reason) } }

    /// The frames that were sent since the last call, each as its `op` and what tells it apart.
    func take() -> [String] {
        defer { texts = [] }
        return texts.map(Self.outline)
    }

    private static func outline(_ text: String) -> String {
        guard let json = try? JSONValue.parse(text), let op = json["op"]?.string else { return text }
        if let event = json["event"] { return "\(event["orderId"]?.string?.suffix(4) ?? "")/\(event["seq"]?.number ?? "")" }
        let parts = ["code", "orderId", "userId", "seq", "orders", "id"].compactMap { name in
            json[name].map { $0.string.map { name == "orderId" ? String($0.suffix(4)) : $0 } ?? $0.number ?? "" }
        }
        return ([op] + parts).joined(separator: " ")
    }
}

/// An order source whose events the test hands out.
@ServiceActor
final class FakeOrders: OrderSource {
    private(set) var watchers: [OrderID: any OrderWatcher] = [:]
    private(set) var afters: [OrderID: [Seq]] = [:]
    /// Final orders that a feed already knows: their watcher is told everything within the call.
    var over: Set<OrderID> = []

    func watch(_ id: OrderID, after: Seq, _ watcher: any OrderWatcher) {
        watchers[id] = watcher
        afters[id, default: []].append(after)
        if over.contains(id) { tell(id, 1...7, isOver: true) }
    }

    func unwatch(_ id: OrderID, _ watcher: any OrderWatcher) { if watchers[id] === watcher { watchers[id] = nil } }

    /// Tells an order's watcher of events, and before the first event that the order is known.
    func tell(_ id: OrderID, _ seqs: ClosedRange<Int>, isOver: Bool = false) {
        let after = afters[id]?.last?.value ?? 0
        if seqs.lowerBound == 1 { watchers[id]?.orderIsKnown(Samples.order(id: id), seq: seqs.upperBound) }
        for event in eventsOfSuccess(id)[(seqs.lowerBound - 1)..<seqs.upperBound] where event.seq > after { watchers[id]?.deliver(event) }
        if isOver { watchers[id]?.orderIsOver() }
    }

    /// Ends the feed of an order as feeds do: the feed has forgotten its watchers before it tells them.
    func end(_ id: OrderID, _ tell: (any OrderWatcher) -> Void) { if let watcher = watchers.removeValue(forKey: id) { tell(watcher) } }
}

/// A user source whose orders the test names.
@ServiceActor
final class FakeUsers: UserSource {
    private(set) var watchers: [UserID: any UserWatcher] = [:]
    private(set) var since: [UserID: UInt64?] = [:]

    func follow(_ user: UserID, since: UInt64?, _ watcher: any UserWatcher) {
        watchers[user] = watcher
        self.since[user] = since
    }

    func unfollow(_ user: UserID, _ watcher: any UserWatcher) { if watchers[user] === watcher { watchers[user] = nil } }
}

/// A session with fakes around it.
@ServiceActor
struct NativeBench {
    let outlet = FakeOutlet()
    let orders = FakeOrders()
    let users = FakeUsers()
    let session: NativeSession
    let sent: Counter

    init() {
        sent = MetricsRegistry().counters("sent_total", help: "Sent.", by: ["dialect"]).labelled("native")
        session = NativeSession(outbox: NativeOutbox(outlet: outlet, sent: sent), orders: orders, users: users)
    }

    func subscribe(_ id: OrderID, after: Int = 0) { session.receive(#"{"op":"subscribe","orderId":"\#(id)","after":\#(after)}"#) }

    func subscribe(user: String) { session.receive(#"{"op":"subscribe","userId":"\#(user)"}"#) }

    func unsubscribe(_ id: OrderID) { session.receive(#"{"op":"unsubscribe","orderId":"\#(id)"}"#) }
}

extension OrderID {
    /// An order whose id ends in the digits of a number.
    static func numbered(_ number: Int) -> OrderID {
        OrderID(parsing: "0198c1f2-0000-7000-8000-00000000" + String(String(10_000 + number).suffix(4)))!
    }
}
