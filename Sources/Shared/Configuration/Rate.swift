/// A share from 0 to 1, kept in parts per million, so that no decision depends on floating point.
public struct Rate: Sendable, Equatable, CustomStringConvertible {
    /// 0 to 1,000,000.
    public let partsPerMillion: Int

    /// - Precondition: 0 to 1,000,000.
    public init(partsPerMillion: Int) {
        precondition(0...1_000_000 ~= partsPerMillion)
        self.partsPerMillion = partsPerMillion
    }

    /// Reads decimal text such as `0.05`: from 0 to 1, with at most 6 fraction digits; nil for any other text.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = WholeNumber.digits(parts[0]), whole <= 1 else { return nil }
        var fraction = 0
        if parts.count == 2 {
            guard parts[1].utf8.count <= 6, let digits = WholeNumber.digits(parts[1]) else { return nil }
            fraction = (parts[1].utf8.count..<6).reduce(digits) { value, _ in value * 10 }
        }
        guard whole * 1_000_000 + fraction <= 1_000_000 else { return nil }
        partsPerMillion = whole * 1_000_000 + fraction
    }

    /// Decimal text without trailing zeros: `0.05`.
    public var description: String {
        guard partsPerMillion % 1_000_000 != 0 else { return "\(partsPerMillion / 1_000_000)" }
        var digits = String(partsPerMillion)
        digits = String(repeating: "0", count: 6 - digits.utf8.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "0.\(digits)"
    }
}
