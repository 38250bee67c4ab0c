/// The trace of a request by the W3C's Trace Context: `version-traceid-parentid-flags` in lower-case hex.
public struct TraceContext: Sendable, Hashable {
    /// The whole header. It is passed on as it came.
    public let traceparent: String
    /// The trace id, 32 digits. Everything that belongs to one trace has it.
    public let traceID: String

    /// Nil for a header that is not well formed. The standard asks to drop it.
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
    /// The trace id of the request that placed the order; nil if the request named none.
    public var traceID: String? { traceparent.flatMap { TraceContext(traceparent: $0) }?.traceID }
}
