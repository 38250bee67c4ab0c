/// One series of values of a metric: a counter, a gauge or a histogram.
///
/// Metrics belong to the loop: they are plain objects without locks, and are used where their registry is used.
public protocol MetricSeries: AnyObject {
    /// The type, as Prometheus writes it.
    static var typeName: String { get }
    /// Writes the series' samples.
    func render(as name: String, labels: [MetricLabel], into text: inout PrometheusText)
}

/// The name and value of a label.
public struct MetricLabel: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The value.
    public let value: String

    /// Makes a label.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A number that only grows.
public final class Counter: MetricSeries {
    /// The type, as Prometheus writes it.
    public static let typeName = "counter"
    /// The count since the start of the process.
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

/// A number that goes up and down.
public final class Gauge: MetricSeries {
    /// The type, as Prometheus writes it.
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

    /// Adds to the value. A negative amount lowers it.
    public func add(_ amount: Int) {
        value += Double(amount)
    }

    /// Writes the value.
    public func render(as name: String, labels: [MetricLabel], into text: inout PrometheusText) {
        text.sample(name, labels: labels, value: PrometheusText.number(value))
    }
}
