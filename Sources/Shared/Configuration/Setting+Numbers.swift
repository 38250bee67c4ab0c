extension Setting where Value == Int {
    static func integer(_ name: String, default value: Int, in range: ClosedRange<Int>, unit: String = "", _ meaning: String) -> Setting {
        let number = WholeNumber(range: range)
        return Setting(name, default: String(value), unit: unit, allowed: number.allowed, meaning: meaning) { text throws(SettingRefusal) in
            try number.parse(text)
        }
    }

    /// A number of bytes, such as `4KiB`.
    static func bytes(_ name: String, default text: String, in range: ClosedRange<Int>, _ meaning: String) -> Setting {
        let allowed = "\(text: range.lowerBound) to \(text: range.upperBound)"
        return Setting(name, default: text, unit: "bytes", allowed: allowed, meaning: meaning) { text throws(SettingRefusal) in
            try ByteSize.parse(text, in: range)
        }
    }
}

extension Setting where Value == Int? {
    /// A number of bytes, such as `4KiB`, that is nil for 0, which switches something off.
    static func bytes(
        _ name: String, default text: String, in range: ClosedRange<Int>, zeroMeans: String, unit: String = "bytes", _ meaning: String
    ) -> Setting {
        let allowed = "\(text: range.lowerBound) to \(text: range.upperBound), or 0 for \(zeroMeans)"
        return Setting(name, default: text, unit: unit, allowed: allowed, meaning: meaning) { text throws(SettingRefusal) in
            text == "0" ? nil : try ByteSize.parse(text, in: range)
        }
    }

    /// A whole number that is nil for 0, which switches something off.
    static func integer(
        _ name: String, default value: Int, in range: ClosedRange<Int>, zeroMeans: String, unit: String = "", _ meaning: String
    ) -> Setting {
        let number = WholeNumber(range: range, zeroMeans: zeroMeans)
        return Setting(name, default: String(value), unit: unit, allowed: number.allowed, meaning: meaning) { text throws(SettingRefusal) in
            let value = try number.parse(text)
            return value == 0 ? nil : value
        }
    }
}

extension Setting where Value == Duration {
    static func milliseconds(_ name: String, default value: Int, in range: ClosedRange<Int>, _ meaning: String) -> Setting {
        duration(name, default: value, in: range, unit: "ms", meaning) { .milliseconds($0) }
    }

    static func seconds(_ name: String, default value: Int, in range: ClosedRange<Int>, _ meaning: String) -> Setting {
        duration(name, default: value, in: range, unit: "s", meaning) { .seconds($0) }
    }

    static func days(_ name: String, default value: Int, in range: ClosedRange<Int>, _ meaning: String) -> Setting {
        duration(name, default: value, in: range, unit: "days", meaning) { .seconds($0 * 86_400) }
    }

    private static func duration(
        _ name: String, default value: Int, in range: ClosedRange<Int>, unit: String, _ meaning: String,
        as make: @escaping @Sendable (Int) -> Duration
    ) -> Setting {
        let number = WholeNumber(range: range)
        return Setting(name, default: String(value), unit: unit, allowed: number.allowed, meaning: meaning) { text throws(SettingRefusal) in
            make(try number.parse(text))
        }
    }
}

extension Setting where Value == Duration? {
    /// Milliseconds; nil for 0, which switches something off.
    static func milliseconds(
        _ name: String, default value: Int, in range: ClosedRange<Int>, zeroMeans: String, _ meaning: String
    ) -> Setting {
        duration(name, default: value, in: range, zeroMeans: zeroMeans, unit: "ms", meaning) { .milliseconds($0) }
    }

    /// Days; nil for 0, which switches something off.
    static func days(_ name: String, default value: Int, in range: ClosedRange<Int>, zeroMeans: String, _ meaning: String) -> Setting {
        duration(name, default: value, in: range, zeroMeans: zeroMeans, unit: "days", meaning) { .seconds($0 * 86_400) }
    }

    private static func duration(
        _ name: String, default value: Int, in range: ClosedRange<Int>, zeroMeans: String, unit: String, _ meaning: String,
        as make: @escaping @Sendable (Int) -> Duration
    ) -> Setting {
        let number = WholeNumber(range: range, zeroMeans: zeroMeans)
        return Setting(name, default: String(value), unit: unit, allowed: number.allowed, meaning: meaning) { text throws(SettingRefusal) in
            let value = try number.parse(text)
            return value == 0 ? nil : make(value)
        }
    }
}

extension Setting where Value == ClosedRange<Int> {
    /// A range of milliseconds: `2000-3000`, or one number for both ends.
    static func millisecondRange(_ name: String, default text: String, in range: ClosedRange<Int>, _ meaning: String) -> Setting {
        let number = WholeNumber(range: range)
        let allowed = "one number or a range such as 100-200, each \(number.allowed)"
        return Setting(name, default: text, unit: "ms", allowed: allowed, meaning: meaning) { text throws(SettingRefusal) in
            let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { WholeNumber.digits($0) }
            guard let lower = ends.first ?? nil, let upper = ends.last ?? nil, range.contains(lower), range.contains(upper), lower <= upper
            else { throw SettingRefusal(message: "must be \(allowed)") }
            return lower...upper
        }
    }
}

extension Setting where Value == Rate {
    /// A share from 0 to 1 as decimal text.
    static func rate(_ name: String, default text: String, _ meaning: String) -> Setting {
        Setting(name, default: text, allowed: "0 to 1", meaning: meaning) { text throws(SettingRefusal) in
            guard let rate = Rate(text) else {
                throw SettingRefusal(message: "must be a decimal number from 0 to 1 with at most 6 digits after the point")
            }
            return rate
        }
    }
}

extension Setting where Value == UInt64? {
    /// A seed: any unsigned 64-bit number, or nothing.
    static func seed(_ name: String, shownAs text: String, _ meaning: String) -> Setting {
        Setting(name, fallback: nil, shownAs: text, allowed: "0 to \(UInt64.max)", meaning: meaning) { text throws(SettingRefusal) in
            guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let value = UInt64(text) else {
                throw SettingRefusal(message: "must be a whole number from 0 to \(UInt64.max)")
            }
            return value
        }
    }
}
