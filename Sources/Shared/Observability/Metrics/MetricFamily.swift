/// The series of one metric. The values of its labels tell them apart.
///
/// Get a series once and keep it: `let confirmed = orders.labelled("confirmed")`. Counting then costs only an addition.
public final class MetricFamily<Series: MetricSeries> {
    /// The maximum number of series with label values of their own. Later label values share one series in which every value is `other`, so that
    /// values from outside cannot fill the memory.
    public static var maxSeries: Int { 200 }

    let labelNames: [String]
    private let make: () -> Series
    private var series: [[String]: Series] = [:]
    private var order: [[String]] = []

    init(labelNames: [String], make: @escaping () -> Series) {
        self.labelNames = labelNames
        self.make = make
    }

    /// The series of these label values. It is made if it is new.
    /// - Precondition: one value for each label.
    public func labelled(_ values: String...) -> Series { labelled(values) }

    func labelled(_ values: [String]) -> Series {
        precondition(values.count == labelNames.count, "one value for each of \(labelNames)")
        if let known = series[values] { return known }
        let values = order.count < Self.maxSeries ? values : values.map { _ in "other" }
        if let known = series[values] { return known }
        let new = make()
        series[values] = new
        order.append(values)
        return new
    }
}

extension MetricFamily: RenderableMetric {
    var typeName: String { Series.typeName }

    func render(as name: String, into text: inout PrometheusText) {
        for values in order { series[values]?.render(as: name, labels: zip(labelNames, values).map { MetricLabel($0, $1) }, into: &text) }
    }
}

/// A metric that a registry can render.
protocol RenderableMetric: AnyObject {
    var typeName: String { get }
    func render(as name: String, into text: inout PrometheusText)
}
