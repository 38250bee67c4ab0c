internal import JSON
internal import Orders
internal import Pipeline

extension ActivityPoint: JSONWritable {
    /// Writes `{"at","waiting":{…},"perSecond":{…},"ended":{…},"latencyMs":{…}}`; `waiting` and `perSecond` have a member per stream.
    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("at", Timestamp.text(milliseconds: at))
            $0.object("waiting") { for (name, count) in zip(Self.streams, waiting) { $0.field(name, count) } }
            $0.object("perSecond") { for (name, rate) in zip(Self.streams, perSecond) { $0.number(name, Self.tenths(rate)) } }
            ended.write(to: &$0)
        }
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int(exactly: (max(0, value) * 10).rounded()) ?? 0
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension EndTally {
    /// Writes the members `"ended":{"confirmed","failed","cancelled","expired"},"latencyMs":{"median","p95"}`; `latencyMs` is null if no order was
    /// confirmed.
    func write(to writer: inout JSONWriter) {
        writer.object("ended") {
            for status in [OrderStatus.confirmed, .failed, .cancelled, .expired] { $0.field(status.rawValue, ended(status)) }
        }
        guard let median = milliseconds(percentile: 50), let slow = milliseconds(percentile: 95) else { return writer.raw("latencyMs", "null") }
        writer.object("latencyMs") {
            $0.field("median", median)
            $0.field("p95", slow)
        }
    }
}
