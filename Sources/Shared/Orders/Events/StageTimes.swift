public import JSON

/// How long an order was in each status, in ms. The waits between attempts are included.
public struct StageTimes: Sendable, Hashable {
    /// While the order waited for its price.
    public let open: UInt64?
    /// Until a router began.
    public let pending: UInt64?
    /// Quotes, including the wait for an executor.
    public let routing: UInt64?
    /// Building, including the wait for the next attempt on the same route.
    public let building: UInt64?
    /// From the first send until the outcome was certain.
    public let submitted: UInt64?
    /// From the first event to the last.
    public let total: UInt64

    /// Times by value; nil for a status the order was never in.
    public init(open: UInt64? = nil, pending: UInt64?, routing: UInt64?, building: UInt64?, submitted: UInt64?, total: UInt64) {
        self.open = open
        self.pending = pending
        self.routing = routing
        self.building = building
        self.submitted = submitted
        self.total = total
    }

    public init(json: JSONValue) throws(RecordError) {
        let record = Record("stageMs", json)
        self.init(
            open: try record.optional("open"), pending: try record.optional("pending"), routing: try record.optional("routing"),
            building: try record.optional("building"), submitted: try record.optional("submitted"),
            total: try record.value("total"))
    }
}

extension StageTimes: JSONWritable {
    /// Writes `{"open","pending","routing","building","submitted","total"}`, without the statuses that the order was never in.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("open", ifPresent: open)
            $0.field("pending", ifPresent: pending)
            $0.field("routing", ifPresent: routing)
            $0.field("building", ifPresent: building)
            $0.field("submitted", ifPresent: submitted)
            $0.field("total", total)
        }
    }
}
