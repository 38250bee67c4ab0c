/// A whole number within a range, as settings write it: digits only, without sign, spaces or separators.
struct WholeNumber {
    let range: ClosedRange<Int>
    var zeroMeans: String?

    var allowed: String {
        let bounds = "\(range.lowerBound) to \(range.upperBound)"
        return zeroMeans.map { "\(bounds), or 0 for \($0)" } ?? bounds
    }

    func parse(_ text: String) throws(SettingRefusal) -> Int {
        guard let value = Self.digits(text), range.contains(value) || (value == 0 && zeroMeans != nil) else {
            throw SettingRefusal(message: "must be a whole number from \(allowed)")
        }
        return value
    }

    /// The value of decimal digits; nil for any other text and for a number that does not fit.
    static func digits(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
        return Int(text)
    }
}
