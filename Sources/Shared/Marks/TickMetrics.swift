internal import EventLoop
internal import Observability

/// What operators see of the orders that wait.
@ServiceActor
final class TickMetrics {
    let triggered: Counter
    let stale: Counter
    let delay: Histogram
    /// The age of the oldest mark that this process needs, in seconds.
    var age = 0.0
    /// Orders that wait in the partitions that this process looks after first.
    var waiting = 0

    init(_ metrics: MetricsRegistry) {
        triggered = metrics.counter("orders_triggered_total", help: "Orders whose price was reached.")
        stale = metrics.counter("marks_stale_total", help: "Times that a mark was too old to fire an order.")
        delay = metrics.histogram(
            "trigger_delay_seconds", help: "Time from a mark that reached the price of orders until they were handed on.")
    }

    func register(in metrics: MetricsRegistry) {
        metrics.observe(.gauge, "mark_age_seconds", help: "Age of the oldest price that orders wait for; 0 if none wait here.") { [self] in
            ServiceActor.assume(self) { $0.age }
        }
        metrics.observe(.gauge, "orders_waiting", help: "Orders that wait for a price, in the partitions that this process looks after.") { [self] in
            ServiceActor.assume(self) { Double($0.waiting) }
        }
    }
}
