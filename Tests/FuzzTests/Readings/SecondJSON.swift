/// A second reader of JSON, written from the grammar of RFC 8259 alone. It says only whether a text is JSON that the engine takes.
struct SecondJSON {
    private var rest: ArraySlice<UInt8>
    private let maxDepth: Int

    static func accepts(_ bytes: [UInt8], maxDepth: Int) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var reader = SecondJSON(rest: bytes[...], maxDepth: maxDepth)
        return reader.value(depth: 0) && reader.rest.isEmpty
    }

    private mutating func value(depth: Int) -> Bool {
        space()
        let isValue =
            switch rest.first {
            case UInt8(ascii: "{"): depth < maxDepth && object(depth: depth + 1)
            case UInt8(ascii: "["): depth < maxDepth && array(depth: depth + 1)
            case UInt8(ascii: "\""): string() != nil
            case UInt8(ascii: "t"): take("true")
            case UInt8(ascii: "f"): take("false")
            case UInt8(ascii: "n"): take("null")
            default: number()
            }
        space()
        return isValue
    }

    private mutating func object(depth: Int) -> Bool {
        rest.removeFirst()
        space()
        if take("}") { return true }
        var names: Set<[UInt16]> = []
        repeat {
            space()
            guard let name = string(), names.insert(name).inserted else { return false }
            space()
            guard take(":"), value(depth: depth) else { return false }
        } while take(",")
        return take("}")
    }

    private mutating func array(depth: Int) -> Bool {
        rest.removeFirst()
        space()
        if take("]") { return true }
        repeat { guard value(depth: depth) else { return false } } while take(",")
        return take("]")
    }

    /// The UTF-16 units of a string; nil if it is none.
    private mutating func string() -> [UInt16]? {
        guard take("\"") else { return nil }
        var units: [UInt16] = []
        while let byte = rest.first, byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") {
                guard let unit = escape() else { return nil }
                units.append(unit)
            } else {
                let raw = rest.prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
                guard raw.allSatisfy({ $0 >= 0x20 }) else { return nil }
                units += Array(String(decoding: raw, as: UTF8.self).utf16)
                rest = rest[raw.endIndex...]
            }
        }
        guard take("\""), String(validating: units, as: UTF16.self) != nil else { return nil }
        return units
    }

    private mutating func escape() -> UInt16? {
        rest.removeFirst()
        guard let letter = rest.popFirst() else { return nil }
        switch letter {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(letter)
        case UInt8(ascii: "u"):
            let digits = rest.prefix(4)
            guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
            rest = rest.dropFirst(4)
            return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        default: return nil
        }
    }

    private mutating func number() -> Bool {
        _ = take("-")
        guard take("0") || digits() else { return false }
        if take("."), !digits() { return false }
        guard take("e") || take("E") else { return true }
        _ = take("-") || take("+")
        return digits()
    }

    private mutating func digits() -> Bool {
        let digits = rest.prefix { 0x30...0x39 ~= $0 }
        rest = rest[digits.endIndex...]
        return !digits.isEmpty
    }

    private mutating func space() { rest = rest.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) } }

    private mutating func take(_ word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest = rest.dropFirst(word.utf8.count)
        return true
    }
}
