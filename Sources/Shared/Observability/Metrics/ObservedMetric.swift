/// One value that was read at a scrape.
public struct Observation: Sendable, Equatable {
    /// The values of the metric's labels, one for each.
    public let labels: [String]
    public let value: Double

    public init(_ value: Double, labels: [String] = []) {
        self.labels = labels
        self.value = value
    }
}

/// Whether a value that is read at a scrape can only grow.
public enum ObservationKind: String, Sendable {
    /// It only grows.
    case counter
    /// It goes up and down.
    case gauge
}

/// A metric whose values are read when it is scraped.
final class ObservedMetric: RenderableMetric {
    private let kind: ObservationKind
    private let labelNames: [String]
    private let read: () -> [Observation]

    init(kind: ObservationKind, labelNames: [String], read: @escaping () -> [Observation]) {
        self.kind = kind
        self.labelNames = labelNames
        self.read = read
    }

    var typeName: String { kind.rawValue }

    func render(as name: String, into text: inout PrometheusText) {
        for observation in read() {
            precondition(observation.labels.count == labelNames.count, "one value for each of \(labelNames)")
            let labels = zip(labelNames, observation.labels).map { MetricLabel($0, $1) }
            text.sample(name, labels: labels, value: PrometheusText.number(observation.value))
        }
    }
}
