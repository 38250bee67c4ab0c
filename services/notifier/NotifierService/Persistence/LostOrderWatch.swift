internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline
internal import Storage

/// Compares the orders that Postgres knows as under way with Redis, and reports those that Redis has lost. It changes no order.
@ServiceActor
final class LostOrderWatch {
    private static let interval = Duration.seconds(60)
    /// An order that has just moved need not be checked.
    private static let unmoved = Duration.seconds(5)
    private static let named = 5
    /// Orders that wait for a price are compared in portions, because there may be a million of them.
    private static let portion = 20_000

    private let store: OrderStore
    private let pipeline: OrderPipeline
    private let log: Logger
    private let gauge: Gauge
    /// Where the comparison of waiting orders has come to, and how many are lost of those before.
    private var waiting = LostOrders()
    private var lostWaiting = 0

    init(store: OrderStore, pipeline: OrderPipeline, log: Logger, metrics: MetricsRegistry) {
        self.store = store
        self.pipeline = pipeline
        self.log = log
        gauge = metrics.gauge("orders_lost", help: "Orders that Postgres knows as under way and Redis does not know, by the last comparison.")
    }

    /// Compares about once per minute until the task is cancelled. Random intervals keep replicas from comparing at the same time.
    func run() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.interval * Int.random(in: 90...110) / 100)
            if !Task.isCancelled { await compare() }
        }
    }

    /// Compares once. If it cannot, the last result stays.
    func compare() async {
        do {
            let found = try await store.lostOrders(.underWay, unmovedFor: Self.unmoved, listing: Self.named) { try await pipeline.missing($0) }
            try await compareWaiting()
            gauge.set(found.count + lostWaiting)
            tell(found)
            tell(waiting)
        } catch {
            log.limited(.warning, "orders.not_compared", every: .seconds(60), ["reason": .string("\(error)")])
        }
    }

    /// Compares the next portion of the orders that wait for a price.
    private func compareWaiting() async throws {
        let isNew = waiting.last == nil
        waiting = try await store.lostOrders(
            .waiting, unmovedFor: Self.unmoved, after: waiting.last, upTo: Self.portion, listing: Self.named
        ) { try await pipeline.missing($0) }
        lostWaiting = isNew ? waiting.count : lostWaiting + waiting.count
    }

    private func tell(_ found: LostOrders) {
        guard found.count > 0 else { return }
        log.error(
            "orders.lost",
            [
                "count": .integer(found.count), "checked": .integer(found.checked),
                "orderIds": .string(found.listed.map(\.id.description).joined(separator: " ")),
            ])
    }
}
