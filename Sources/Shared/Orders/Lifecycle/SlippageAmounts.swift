internal import JSON

/// The amounts of the output token that decided about a swap whose price had moved, in base units and in whole tokens.
public struct SlippageAmounts: Sendable, Hashable {
    /// The quoted output.
    public let expected: BaseUnits
    /// The output that would have been received.
    public let got: BaseUnits
    /// The minimum that was allowed.
    public let limit: BaseUnits
    private let decimals: Texts?

    /// Nil only if an older version wrote the amounts.
    private struct Texts: Hashable {
        let expected: String
        let got: String
        let limit: String
    }

    /// Amounts of a token with that many fraction digits.
    public init(expected: BaseUnits, got: BaseUnits, limit: BaseUnits, decimals: Int) {
        self.expected = expected
        self.got = got
        self.limit = limit
        self.decimals = Texts(
            expected: expected.decimalText(decimals: decimals), got: got.decimalText(decimals: decimals),
            limit: limit.decimalText(decimals: decimals))
    }

    /// Reads members that `write` wrote; nil if they are missing.
    init?(_ record: Record) throws(RecordError) {
        guard let expected: BaseUnits = try record.optional("expected"), let got: BaseUnits = try record.optional("got"),
            let limit: BaseUnits = try record.optional("limit")
        else { return nil }
        self.expected = expected
        self.got = got
        self.limit = limit
        if let expected: String = try record.optional("expectedDecimal"), let got: String = try record.optional("gotDecimal"),
            let limit: String = try record.optional("limitDecimal")
        {
            decimals = Texts(expected: expected, got: got, limit: limit)
        } else {
            decimals = nil
        }
    }

    /// Writes the members: each amount, followed by the same amount in whole tokens.
    func write(to writer: inout JSONWriter) {
        writer.field("expected", expected)
        writer.field("expectedDecimal", ifPresent: decimals?.expected)
        writer.field("got", got)
        writer.field("gotDecimal", ifPresent: decimals?.got)
        writer.field("limit", limit)
        writer.field("limitDecimal", ifPresent: decimals?.limit)
    }
}
