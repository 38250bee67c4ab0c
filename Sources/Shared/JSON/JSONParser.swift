/// A recursive parser over the bytes of one text.
///
/// Reading at the end gives 0, which begins no JSON token, so each test needs only one comparison. Only error paths check whether the text has ended.
struct JSONParser {
    let input: UnsafeBufferPointer<UInt8>
    let refusesNUL: Bool
    private let maxDepth: Int
    private var depth = 0
    var position = 0

    init(_ input: UnsafeBufferPointer<UInt8>, maxDepth: Int, refusesNUL: Bool) {
        self.input = input
        self.maxDepth = maxDepth
        self.refusesNUL = refusesNUL
    }

    mutating func parseText() throws(JSONError) -> JSONValue {
        if input.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw JSONError(.byteOrderMark, at: 0, "JSON must not begin with a byte order mark; one was found")
        }
        let value = try parseValue()
        guard position == input.count else { throw JSONError(.trailingData, at: position, "JSON must end after its value; more was found") }
        return value
    }

    /// The byte at `position`; 0 at the end.
    @inline(__always) var byte: UInt8 {
        position < input.count ? input[position] : 0
    }

    private mutating func skipSpaces() {
        while position < input.count {
            switch input[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Parses a value and the spaces on both sides of it.
    private mutating func parseValue() throws(JSONError) -> JSONValue {
        skipSpaces()
        let value: JSONValue
        switch byte {
        case UInt8(ascii: "{"): value = .object(try nested { parser throws(JSONError) in try parser.parseMembers() })
        case UInt8(ascii: "["): value = .array(try nested { parser throws(JSONError) in try parser.parseElements() })
        case UInt8(ascii: "\""): value = .string(try parseString())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): value = .number(try parseNumber())
        case UInt8(ascii: "t"): value = try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): value = try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): value = try parseWord("null", .null)
        default: throw unexpected("a value")
        }
        skipSpaces()
        return value
    }

    private mutating func nested<T>(_ parse: (inout JSONParser) throws(JSONError) -> T) throws(JSONError) -> T {
        guard depth < maxDepth else {
            throw JSONError(.tooDeep, at: position, "JSON may nest at most \(maxDepth) arrays and objects; one more was found")
        }
        depth += 1
        position += 1
        let result = try parse(&self)
        depth -= 1
        return result
    }

    private mutating func parseElements() throws(JSONError) -> [JSONValue] {
        skipSpaces()
        var elements: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try parseValue())
            if take(UInt8(ascii: "]")) { return elements }
            guard take(UInt8(ascii: ",")) else { throw unexpected("a comma or ]") }
        }
    }

    private mutating func parseMembers() throws(JSONError) -> [JSONMember] {
        skipSpaces()
        var members: [JSONMember] = []
        if take(UInt8(ascii: "}")) { return members }
        var names = UniqueNames()
        while true {
            skipSpaces()
            guard byte == UInt8(ascii: "\"") else { throw unexpected("a name in double quotes") }
            let start = position
            let name = try parseString()
            guard names.insert(name, into: members) else { throw duplicate(name, at: start) }
            skipSpaces()
            guard take(UInt8(ascii: ":")) else { throw unexpected("a colon") }
            members.append(JSONMember(name, try parseValue()))
            if take(UInt8(ascii: "}")) { return members }
            guard take(UInt8(ascii: ",")) else { throw unexpected("a comma or }") }
        }
    }

    private mutating func take(_ expected: UInt8) -> Bool {
        guard byte == expected else { return false }
        position += 1
        return true
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[index] else { throw unexpected(word.description) }
            position += 1
        }
        return value
    }

    private mutating func parseNumber() throws(JSONError) -> String {
        let start = position
        if byte == UInt8(ascii: "-") { position += 1 }
        if byte == UInt8(ascii: "0") {
            position += 1
            if isDigit { throw JSONError(.invalidNumber, at: position, "A number must not begin with 0; a further digit was found") }
        } else {
            try skipDigits()
        }
        if byte == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            position += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
        return String(decoding: UnsafeBufferPointer(rebasing: input[start..<position]), as: UTF8.self)
    }

    private var isDigit: Bool { byte &- UInt8(ascii: "0") < 10 }

    private mutating func skipDigits() throws(JSONError) {
        guard isDigit else {
            if position >= input.count { throw unexpected("a digit") }
            throw JSONError(.invalidNumber, at: position, "A digit of a number was expected; something else was found")
        }
        while isDigit { position += 1 }
    }

    func unexpected(_ wanted: String) -> JSONError {
        position < input.count
            ? JSONError(.unexpectedByte, at: position, "JSON must have \(wanted) here; something else was found")
            : JSONError(.unexpectedEnd, at: position, "JSON must have \(wanted) here; the text ended")
    }

    private func duplicate(_ name: String, at offset: Int) -> JSONError {
        let isShowable = name.utf8.count <= 64 && name.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        let subject = isShowable ? "The name \"\(name)\"" : "A name"
        let reason = "\(subject) must not be given twice in one object; it is again"
        return JSONError(.duplicateName, at: offset, reason, name: isShowable ? name : nil)
    }
}

/// Finds repeated names: by comparing while an object is small, by a set afterwards.
///
/// Names are compared by their bytes, as RFC 8259 requires. `==` of `String` would take two spellings of one character for the same name.
private struct UniqueNames {
    private static let smallCount = 16
    private var seen: Set<[UInt8]> = []

    mutating func insert(_ name: String, into members: [JSONMember]) -> Bool {
        if members.count < Self.smallCount { return !members.contains { $0.name == name && $0.name.utf8.elementsEqual(name.utf8) } }
        if seen.isEmpty { seen = Set(members.map { Array($0.name.utf8) }) }
        return seen.insert(Array(name.utf8)).inserted
    }
}
