internal import EventLoop
internal import Observability
internal import Storage

/// Deletes events that are older than the settings allow, in portions that do not hold others up.
@ServiceActor
final class Retention {
    private static let interval = Duration.seconds(60)
    /// Orders of one transaction. Their events are folded in one turn of the loop, so there are few of them.
    private static let portion = 100
    /// The pause between two portions, for processes that store events.
    private static let pause = Duration.milliseconds(20)

    private let store: OrderStore
    private let age: Duration
    private let log: Logger

    init(store: OrderStore, age: Duration, log: Logger) {
        self.store = store
        self.age = age
        self.log = log
    }

    /// Runs until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.interval * Int.random(in: 80...120) / 100)
            await deleteDue()
        }
    }

    /// Deletes until nothing is due, or until an error. The next run tries again.
    func deleteDue() async {
        var (orders, events) = (0, 0)
        do {
            while !Task.isCancelled {
                let deleted = try await store.deleteEvents(olderThan: age, limit: Self.portion)
                orders += deleted.orders
                events += deleted.events
                guard deleted.orders == Self.portion else { break }
                try await sleep(for: Self.pause)
            }
        } catch {
            log.limited(.warning, "events.not_deleted", every: .seconds(60), ["reason": .string("\(error)")])
        }
        if orders > 0 { log.info("events.deleted", ["count": .integer(events), "orders": .integer(orders)]) }
    }
}
