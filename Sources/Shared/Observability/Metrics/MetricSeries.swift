/// One series of values of a metric: a counter, a gauge or a histogram.
///
/// Metrics belong to the loop: they are plain objects without locks, and are used where their registry is used.
public protocol MetricSeries: AnyObject {
    /// The type, as Prometheus writes it.
    static var typeName: String { get }
    func render(as name: String, labels: [MetricLabel], into text: inout PrometheusText)
}

/// The name and value of a label.
public struct MetricLabel: Sendable, Equatable {
    public let name: String
    public let value: String

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

    public func increment(by amount: Int = 1) { value &+= UInt64(amount) }

    public func render(as name: String, labels: [MetricLabel], into text: inout PrometheusText) {
        text.sample(name, labels: labels, value: String(value))
    }
}

/// A number that goes up and down.
public final class Gauge: MetricSeries {
    /// The type, as Prometheus writes it.
    public static let typeName = "gauge"
    public private(set) var value: Double = 0

    init() {}

    public func set(_ value: Double) { self.value = value }

    public func set(_ value: Int) { self.value = Double(value) }

    /// Adds to the value. A negative amount lowers it.
    public func add(_ amount: Int) { value += Double(amount) }

    public func render(as name: String, labels: [MetricLabel], into text: inout PrometheusText) {
        text.sample(name, labels: labels, value: PrometheusText.number(value))
    }
}
