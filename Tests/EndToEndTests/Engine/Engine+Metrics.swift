import TestSupport

extension Engine {
    /// The value of a series of a notifier's metrics, named with its labels; nil if there is none.
    func metric(_ series: String, notifier: Int = 1) async throws -> Double? {
        let lines = try await send("GET", "/metrics", to: .notifier, notifier).text.split(separator: "\n")
        return lines.first { $0.hasPrefix("\(series) ") }.flatMap { Double($0.dropFirst(series.count + 1)) }
    }
}
