internal import Access
internal import EventLoop
internal import Orders

/// The orders that one caller may see. An order that is hidden from the caller is to it as if there were none, by what it is told and when.
@ServiceActor
final class OwnOrders: OrderSource {
    private let orders: any OrderSource
    private let principal: Principal
    private var watches: [ObjectIdentifier: OwnOrderWatch] = [:]

    /// The orders of `source` that a caller may see.
    static func of(_ source: any OrderSource, for principal: Principal) -> any OrderSource {
        principal.sight == .all ? source : OwnOrders(source, principal)
    }

    private init(_ orders: any OrderSource, _ principal: Principal) {
        self.orders = orders
        self.principal = principal
    }

    func watch(_ id: OrderID, after: Seq, _ watcher: any OrderWatcher) {
        let key = ObjectIdentifier(watcher)
        let watch = OwnOrderWatch(
            watcher, principal, hide: { [unowned self] in orders.unwatch(id, $0) },
            // The watcher may watch again when it is told of the end.
            forget: { [unowned self] in if watches[key] === $0 { watches[key] = nil } })
        watches[key] = watch
        orders.watch(id, after: after, watch)
    }

    func unwatch(_ id: OrderID, _ watcher: any OrderWatcher) {
        guard let watch = watches.removeValue(forKey: ObjectIdentifier(watcher)) else { return }
        watch.end()
        orders.unwatch(id, watch)
    }
}

/// Stands between a feed and its watcher, and keeps a hidden order from it.
@ServiceActor
private final class OwnOrderWatch: OrderWatcher {
    private var watcher: (any OrderWatcher)?
    private let principal: Principal
    private let hide: @ServiceActor (OwnOrderWatch) -> Void
    private let forget: @ServiceActor (OwnOrderWatch) -> Void
    /// When a watcher is told that there is no order that it may see: later than any feed finds out that there is none.
    private static let hiding = OrderFeeds.patience + .milliseconds(300)

    private let start = MonotonicInstant.now
    /// Runs from when it is known that the watcher is to be told so.
    private var timer: LoopTimer?

    /// `hide` ends the watch of a hidden order; `forget` is called before the watcher is told that the watch is over.
    init(
        _ watcher: any OrderWatcher, _ principal: Principal, hide: @escaping @ServiceActor (OwnOrderWatch) -> Void,
        forget: @escaping @ServiceActor (OwnOrderWatch) -> Void
    ) {
        self.watcher = watcher
        self.principal = principal
        self.hide = hide
        self.forget = forget
    }

    func end() {
        timer?.stop()
        watcher = nil
    }

    func orderIsKnown(_ order: Order, seq: Int) {
        if principal.sees(order) {
            watcher?.orderIsKnown(order, seq: seq)
            return
        }
        hide(self)
        orderIsUnknown()
    }

    func replay(_ events: [OrderEvent]) { visible?.replay(events) }

    func deliver(_ event: OrderEvent) { visible?.deliver(event) }

    func orderIsOver() { visible?.orderIsOver() }

    func orderIsBehind(seq: Int) -> Bool { visible?.orderIsBehind(seq: seq) ?? false }

    func orderIsUnknown() {
        guard timer == nil else { return }
        let timer = LoopTimer()
        timer.start(after: max(.zero, Self.hiding - start.elapsed)) { [weak self] in self?.leave { $0.orderIsUnknown() } }
        self.timer = timer
    }

    func feedFailed() { if timer == nil { leave { $0.feedFailed() } } }

    /// The watcher, if it may see the order.
    private var visible: (any OrderWatcher)? { timer == nil ? watcher : nil }

    private func leave(_ last: @ServiceActor (any OrderWatcher) -> Void) {
        guard let leaving = watcher else { return }
        end()
        forget(self)
        last(leaving)
    }
}
