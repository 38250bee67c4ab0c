/// The metrics of a process, in the order in which they were registered.
///
/// Each name is registered once. A second registration, a bad name, or a counter whose name does not end in `_total` is a mistake of the program and
/// stops it.
public final class MetricsRegistry {
    private var metrics: [(name: String, help: String, metric: any RenderableMetric)] = []

    public init() {}

    public func counter(_ name: String, help: String) -> Counter { counters(name, help: help, by: []).labelled([]) }

    /// Counters that are told apart by labels.
    public func counters(_ name: String, help: String, by labels: [String]) -> MetricFamily<Counter> {
        precondition(name.hasSuffix("_total"), "\(name): the name of a counter ends in _total")
        return register(MetricFamily(labelNames: labels) { Counter() }, name, help, labels)
    }

    public func gauge(_ name: String, help: String) -> Gauge { gauges(name, help: help, by: []).labelled([]) }

    /// Gauges that are told apart by labels.
    public func gauges(_ name: String, help: String, by labels: [String]) -> MetricFamily<Gauge> {
        register(MetricFamily(labelNames: labels) { Gauge() }, name, help, labels)
    }

    /// A histogram without labels. By default its bounds are for durations in seconds.
    public func histogram(_ name: String, help: String, bounds: [Double] = Histogram.durationBuckets) -> Histogram {
        histograms(name, help: help, by: [], bounds: bounds).labelled([])
    }

    /// Histograms that are told apart by labels. By default their bounds are for durations in seconds.
    public func histograms(
        _ name: String, help: String, by labels: [String], bounds: [Double] = Histogram.durationBuckets
    ) -> MetricFamily<Histogram> {
        precondition(!labels.contains("le"), "\(name): le is the histogram's own label")
        return register(MetricFamily(labelNames: labels) { Histogram(bounds: bounds) }, name, help, labels)
    }

    /// A metric without labels whose value is read at each scrape. There is no sample if `read` returns nil.
    public func observe(_ kind: ObservationKind, _ name: String, help: String, read: @escaping () -> Double?) {
        observe(kind, name, help: help, by: []) { read().map { [Observation($0)] } ?? [] }
    }

    /// A metric whose values are read at each scrape.
    public func observe(
        _ kind: ObservationKind, _ name: String, help: String, by labels: [String], read: @escaping () -> [Observation]
    ) {
        register(ObservedMetric(kind: kind, labelNames: labels, read: read), name, help, labels)
    }

    /// All metrics in Prometheus' text format 0.0.4. Send it as ``PrometheusText/contentType``.
    public func render() -> String {
        var text = PrometheusText()
        for (name, help, metric) in metrics {
            text.header(name, help: help, type: metric.typeName)
            metric.render(as: name, into: &text)
        }
        return text.text
    }

    @discardableResult
    private func register<Metric: RenderableMetric>(_ metric: Metric, _ name: String, _ help: String, _ labels: [String]) -> Metric {
        precondition(PrometheusText.isName(name, colons: true), "\(name) is no name of a metric")
        precondition(labels.allSatisfy { PrometheusText.isName($0, colons: false) }, "\(name): \(labels) are no names of labels")
        precondition(Set(labels).count == labels.count, "\(name): a label is named twice")
        precondition(!metrics.contains { $0.name == name }, "\(name) is registered twice")
        metrics.append((name, help, metric))
        return metric
    }
}
