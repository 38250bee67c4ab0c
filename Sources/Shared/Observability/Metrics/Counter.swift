/// A number that only grows.
public final class Counter: MetricSeries {
    /// The type as Prometheus writes it.
    public static let typeName = "counter"
    /// The count since the process began.
    public private(set) var value: UInt64 = 0

    init() {}

    /// Adds to the count.
    public func increment(by amount: Int = 1) {
        value &+= UInt64(amount)
    }

    /// Writes the count.
    public func render(as name: String, labels: [MetricLabel], into text: inout PrometheusText) {
        text.sample(name, labels: labels, value: String(value))
    }
}
