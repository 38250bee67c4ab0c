extension JSONParser {
    /// Parses a string whose opening quote is at `position`.
    mutating func parseString() throws(JSONError) -> String {
        position += 1
        let start = position
        var hasEscapes = false
        var seenBits: UInt8 = 0
        while true {
            let byte = byte
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                position += 1
            }
            guard position < input.count, byte >= 0x20 else { throw endOrControlCharacter() }
            seenBits |= input[position]
            position += 1
        }
        let raw = UnsafeBufferPointer(rebasing: input[start..<position])
        position += 1
        if seenBits >= 0x80 { try validate(raw, at: start) }
        return hasEscapes ? try unescape(raw, at: start) : String(decoding: raw, as: UTF8.self)
    }

    private func endOrControlCharacter() -> JSONError {
        if position >= input.count { return unexpected("a closing quote") }
        return JSONError(.controlCharacter, at: position, "A control character in a string must be escaped; a raw one was found")
    }

    private func validate(_ raw: UnsafeBufferPointer<UInt8>, at start: Int) throws(JSONError) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: raw.span)
        } catch {
            throw JSONError(.invalidUTF8, at: start + error.byteOffsets.lowerBound, "JSON must be UTF-8; other bytes were found")
        }
    }

    /// Resolves the escapes. `raw` is valid UTF-8, and each backslash in it is followed by at least one byte.
    private func unescape(_ raw: UnsafeBufferPointer<UInt8>, at start: Int) throws(JSONError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            guard raw[index] == UInt8(ascii: "\\") else {
                text.append(raw[index])
                index += 1
                continue
            }
            if raw[index + 1] == UInt8(ascii: "u") {
                let scalar = try unicodeEscape(raw, &index, at: start)
                text.append(contentsOf: Unicode.UTF8.encode(scalar)!)
            } else if let plain = Self.plainEscape(raw[index + 1]) {
                text.append(plain)
                index += 2
            } else {
                throw invalidEscape(at: start + index)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func plainEscape(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// Reads one `\uXXXX`, or two that are a surrogate pair. Moves `index` behind them.
    private func unicodeEscape(_ raw: UnsafeBufferPointer<UInt8>, _ index: inout Int, at start: Int) throws(JSONError) -> Unicode.Scalar {
        let offset = start + index
        guard let first = Self.codeUnit(raw, index) else { throw invalidEscape(at: offset) }
        index += 6
        if first == 0 && refusesNUL { throw JSONError(.nulCharacter, at: offset, "The character U+0000 is not allowed; it was found") }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, let second = Self.codeUnit(raw, index), (0xDC00...0xDFFF).contains(second) else {
            throw JSONError(.loneSurrogate, at: offset, "Surrogates must come in pairs; half a pair was found")
        }
        index += 6
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))!
    }

    private static func codeUnit(_ raw: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt32? {
        guard index + 6 <= raw.count, raw[index] == UInt8(ascii: "\\"), raw[index + 1] == UInt8(ascii: "u") else { return nil }
        var unit: UInt32 = 0
        for byte in raw[(index + 2)..<(index + 6)] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 + UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 + UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 + UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return unit
    }

    private func invalidEscape(at offset: Int) -> JSONError {
        JSONError(.invalidEscape, at: offset, "A backslash in a string must begin an escape of JSON; another was found")
    }
}
