/// A number that goes up and down.
public final class Gauge: MetricSeries {
    /// The type as Prometheus writes it.
    public static let typeName = "gauge"
    /// The current value.
    public private(set) var value: Double = 0

    init() {}

    /// Sets the value.
    public func set(_ value: Double) {
        self.value = value
    }

    /// Sets the value.
    public func set(_ value: Int) {
        self.value = Double(value)
    }

    /// Changes the value; less than 0 lowers it.
    public func add(_ amount: Int) {
        value += Double(amount)
    }

    /// Writes the value.
    public func render(as name: String, labels: [MetricLabel], into text: inout PrometheusText) {
        text.sample(name, labels: labels, value: PrometheusText.number(value))
    }
}
