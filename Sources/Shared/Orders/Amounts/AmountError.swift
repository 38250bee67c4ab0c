/// Why a text is no amount of a token.
public enum AmountError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not a decimal number.
    case malformed
    case zero
    case negative
    /// More fraction digits than the token has. Floating-point noise in a JSON number does not count.
    case tooPrecise(maxDigits: Int)
    /// More than 2^64-1 base units.
    case tooLarge

    /// What the amount must be: the second half of a sentence that begins with the field's name.
    public var description: String {
        switch self {
        case .malformed: "must be a number, or a text such as \"1.5\" or \"1e-7\" without plus sign, spaces and separators"
        case .zero, .negative: "must be greater than 0"
        case .tooPrecise(let digits): "must have at most \(digits) digit\(digits == 1 ? "" : "s") after the point"
        case .tooLarge: "must be at most 18446744073709551615 base units"
        }
    }
}
