public import JSON

/// A venue without an offer, and why.
public struct UnavailableVenue: Sendable, Hashable {
    public let dex: String
    /// Why it has no offer.
    public let failure: OrderFailure

    public init(_ dex: String, _ failure: OrderFailure) {
        self.dex = dex
        self.failure = failure
    }
}

extension UnavailableVenue: JSONWritable {
    /// Writes `{"dex","code","message"}`.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("dex", dex)
            $0.field("code", failure.code.rawValue)
            $0.field("message", failure.message)
        }
    }

    public init(json: JSONValue) throws(RecordError) {
        let record = Record("unavailable", json)
        let code = try record.value("code") as FailureCode
        self.init(try record.value("dex"), OrderFailure(code, message: try record.value("message")))
    }
}
