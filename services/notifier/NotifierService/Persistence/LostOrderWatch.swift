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

    private let store: OrderStore
    private let pipeline: OrderPipeline
    private let log: Logger
    private let gauge: Gauge

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
            let found = try await store.lostOrders(unmovedFor: Self.unmoved, listing: Self.named) { try await pipeline.missing($0) }
            gauge.set(found.count)
            guard found.count > 0 else { return }
            log.error(
                "orders.lost",
                [
                    "count": .integer(found.count), "checked": .integer(found.checked),
                    "orderIds": .string(found.listed.map(\.id.description).joined(separator: " ")),
                ])
        } catch {
            log.limited(.warning, "orders.not_compared", every: .seconds(60), ["reason": .string("\(error)")])
        }
    }
}
