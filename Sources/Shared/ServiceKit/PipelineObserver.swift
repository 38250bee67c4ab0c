public import EventLoop
internal import Observability
public import Orders
public import Pipeline
public import Redis

/// Logs and counts what happens to stream entries and steps.
@ServiceActor
public final class PipelineObserver: StreamObserver {
    private let log: Logger
    private let entries: MetricFamily<Counter>
    private let buriedCount: MetricFamily<Counter>
    private let steps: MetricFamily<Counter>
    private let failures: MetricFamily<Counter>
    private let waits: MetricFamily<Histogram>
    private let works: MetricFamily<Histogram>
    private let ends: MetricFamily<Counter>
    private let ages: MetricFamily<Histogram>
    private let omissions: MetricFamily<Counter>
    /// The orders that this process has ended.
    public private(set) var ended = EndTally()

    init(log: Logger, metrics: MetricsRegistry) {
        self.log = log
        entries = metrics.counters(
            "stream_entries_total", help: "Entries by what happened: read, claimed, lost, released or without an order.", by: ["stream", "outcome"])
        buriedCount = metrics.counters("dead_letters_total", help: "Entries put with the dead letters.", by: ["reason"])
        steps = metrics.counters("order_steps_total", help: "Steps of orders by what became of them.", by: ["step", "outcome"])
        failures = metrics.counters("pipeline_failures_total", help: "Failed work on the pipeline that is tried again.", by: ["doing"])
        waits = metrics.histograms(
            "order_stage_wait_seconds", help: "Time an order's entry waited on its stream before a worker began.", by: ["stage"])
        works = metrics.histograms(
            "order_stage_duration_seconds", help: "Time a worker had an order in hand until its step out of the stage.", by: ["stage"])
        ends = metrics.counters(
            "orders_finished_total", help: "Orders that ended, by status and by the code of the failure.", by: ["status", "code"])
        ages = metrics.histograms(
            "order_duration_seconds", help: "Time from an order's acceptance, or from the mark that reached its price, to its end.", by: ["status"])
        omissions = metrics.counters(
            "pipeline_omissions_total", help: "What Redis refused within a script that went on without it: messages not published, orders not read.",
            by: ["kind", "script"])
        showEnds()
    }

    /// Creates all series at the start: a rate misses the first count of a series that begins with it.
    private func showEnds() {
        for status in [OrderStatus.confirmed, .cancelled] { _ = ends.labelled(status.rawValue, "") }
        for code in FailureCode.allCases { _ = ends.labelled(OrderStatus.failed.rawValue, code.rawValue) }
    }

    func watch(_ pipeline: OrderPipeline) {
        pipeline.onOmission = { [omissions, log] omission in
            omissions.labelled(omission.kind.rawValue, omission.script).increment(by: omission.count)
            log.limited(
                .error, omission.kind == .unpublished ? "events.not_published" : "orders.not_readable", every: .seconds(5),
                ["script": .string(omission.script), "count": .integer(omission.count), "reason": .string(omission.reason)])
        }
        pipeline.onRefusal = { [log] command, error in
            log.limited(
                .warning, "redis.refused", every: .seconds(5), ["command": .string(command), "reason": .string(error.words ?? error.message)])
        }
        pipeline.onStep = { [steps, waits, works] report in
            steps.labelled(report.step.rawValue, report.outcome).increment()
            if let waited = report.waited { waits.labelled(report.stage.rawValue).observe(waited) }
            if let worked = report.worked { works.labelled(report.stage.rawValue).observe(worked) }
        }
        pipeline.onEnd = { [weak self, ends, ages] end in
            self?.ended.count(end)
            ends.labelled(end.status.rawValue, end.code ?? "").increment()
            if let age = end.age { ages.labelled(end.status.rawValue).observe(age) }
        }
    }

    /// Counts entries that came, and logs claimed ones.
    public func received(stream: String, count: Int, claimed: Bool) {
        entries.labelled(stream, claimed ? "claimed" : "read").increment(by: count)
        if claimed { log.info("entries.claimed", ["stream": .string(stream), "count": .integer(count)]) }
    }

    /// Counts and logs a dead letter.
    public func buried(entry: String, stream: String, order: OrderID?, reason: String) {
        buriedCount.labelled(reason).increment()
        log.error(
            "entry.buried",
            ["stream": .string(stream), "entry": .string(entry), "orderId": .string(order?.description ?? ""), "reason": .string(reason)])
    }

    /// Counts and logs lost claims.
    public func lost(stream: String, count: Int) {
        entries.labelled(stream, "lost").increment(by: count)
        log.info("entries.lost", ["stream": .string(stream), "count": .integer(count)])
    }

    /// Counts entries without an order, and logs one of the orders, at most one line in five seconds.
    public func withoutOrder(stream: String, orders: [OrderID]) {
        entries.labelled(stream, "without_order").increment(by: orders.count)
        log.limited(
            .warning, "entries.without_order", every: .seconds(5),
            ["stream": .string(stream), "count": .integer(orders.count), "orderId": .string(orders.first?.description ?? "")])
    }

    /// Logs a failed read, at most one line in five seconds.
    public func readFailed(stream: String, error: RedisError) {
        failures.labelled("read").increment()
        log.limited(.warning, "stream.read_failed", every: .seconds(5), ["stream": .string(stream), "reason": .string(error.message)])
    }

    /// Logs that a missing group was made.
    public func groupCreated(stream: String) { log.warning("stream.group_created", ["stream": .string(stream)]) }

    /// Logs a failure, at most one line in five seconds for each kind of work.
    public func failed(doing: String, error: PipelineError) {
        failures.labelled(doing).increment()
        log.limited(.warning, "pipeline.\(doing)_failed", every: .seconds(5), ["reason": .string(error.message)])
    }

    /// Counts and logs entries that were handed back.
    public func released(stream: String, count: Int) {
        entries.labelled(stream, "released").increment(by: count)
        log.info("entries.released", ["stream": .string(stream), "count": .integer(count)])
    }
}
