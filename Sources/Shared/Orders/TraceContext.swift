/// The trace of a request by the W3C's Trace Context: `version-traceid-parentid-flags` in lower-case hex.
public struct TraceContext: Sendable, Hashable {
    /// The whole header, as it came and as it is passed on.
    public let traceparent: String
    /// The trace, 32 digits: what finds all that belongs together.
    public let traceID: String

    /// Nil for what is not well formed; that is dropped, as the standard asks.
    public init?(traceparent text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.map(\.utf8.count) == [2, 32, 16, 2], parts.allSatisfy({ $0.utf8.allSatisfy(Self.isLowerHex) }),
            parts[0] != "ff", parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        traceparent = text
        traceID = String(parts[1])
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

extension Order {
    /// The trace of the request that placed the order, where it named one.
    public var traceID: String? { traceparent.flatMap { TraceContext(traceparent: $0) }?.traceID }
}
