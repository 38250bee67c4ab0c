/// One series of values of a metric: a counter, a gauge or a histogram.
///
/// Metrics belong to the loop: they are plain objects without locks, used where their registry is used.
public protocol MetricSeries: AnyObject {
    /// The type as Prometheus writes it.
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
