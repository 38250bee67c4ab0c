/// Reads sizes such as `4096`, `4KiB` and `1MiB`. The units may be in any case.
enum ByteSize {
    static func parse(_ text: String, in range: ClosedRange<Int>) throws(SettingRefusal) -> Int {
        var digits = Substring(text)
        var scale = 1
        for (suffix, size) in [("KiB", 1024), ("MiB", 1024 * 1024)] where text.lowercased().hasSuffix(suffix.lowercased()) {
            digits = text.dropLast(suffix.count)
            scale = size
        }
        guard let number = WholeNumber.digits(digits), number <= Int.max / scale, range.contains(number * scale) else {
            throw SettingRefusal(message: "must be a size from \(text: range.lowerBound) to \(text: range.upperBound)")
        }
        return number * scale
    }
}

extension DefaultStringInterpolation {
    /// A size in the largest unit that divides it.
    mutating func appendInterpolation(text size: Int) {
        switch size {
        case let size where size > 0 && size % (1024 * 1024) == 0: appendInterpolation("\(size / (1024 * 1024))MiB")
        case let size where size > 0 && size % 1024 == 0: appendInterpolation("\(size / 1024)KiB")
        default: appendInterpolation("\(size)")
        }
    }
}
