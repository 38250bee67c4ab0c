/// Counts how many values fell into which range.
public final class Histogram: MetricSeries {
    /// The type, as Prometheus writes it.
    public static let typeName = "histogram"
    /// Buckets for durations: 1 ms to 60 s.
    public static let durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

    private let bounds: [Double]
    /// The counts by bucket, not cumulative. The last bucket is for values above the last bound.
    private var counts: [UInt64]
    private var sum = 0.0

    init(bounds: [Double]) {
        precondition(!bounds.isEmpty && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds must grow")
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// The number of observed values.
    public var count: UInt64 { counts.reduce(0, +) }

    /// Counts a value. A value that is not finite is ignored, because it would spoil the sum for ever.
    public func observe(_ value: Double) {
        guard value.isFinite else { return }
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }

    /// Counts a duration, in seconds.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) / 1e18)
    }

    /// Writes the cumulative buckets, the sum and the count.
    public func render(as name: String, labels: [MetricLabel], into text: inout PrometheusText) {
        var total: UInt64 = 0
        for (bound, count) in zip(bounds + [.infinity], counts) {
            total += count
            text.sample("\(name)_bucket", labels: labels + [MetricLabel("le", PrometheusText.number(bound))], value: String(total))
        }
        text.sample("\(name)_sum", labels: labels, value: PrometheusText.number(sum))
        text.sample("\(name)_count", labels: labels, value: String(total))
    }
}
