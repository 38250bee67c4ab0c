/// Header fields in the order in which they arrived, packed into one buffer. Names are kept in lower case and found in any case.
public struct HTTPHeaders: Sendable {
    /// For each field: length of the name, length of the value (16 bits each, native order), name, value.
    private var bytes: [UInt8]

    public init() { bytes = [] }

    /// Fields that were packed elsewhere; `bytes` must be well-formed.
    init(packed bytes: [UInt8]) { self.bytes = bytes }

    /// Appends a field. A field whose name or value is longer than 65,535 bytes is left out.
    public mutating func append(name: String, value: String) { append(name: Array(name.utf8), value: Array(value.utf8)) }

    mutating func append(name: [UInt8], value: [UInt8]) {
        guard name.count <= UInt16.max, value.count <= UInt16.max else { return }
        for length in [UInt16(name.count), UInt16(value.count)] { withUnsafeBytes(of: length) { bytes.append(contentsOf: $0) } }
        bytes.append(contentsOf: name.map(Self.lowercased))
        bytes.append(contentsOf: value)
    }

    /// The value of the first field of that name.
    public subscript(name: String) -> String? {
        var found: String?
        forEach { fieldName, value in
            guard Self.matches(fieldName, name) else { return true }
            found = String(decoding: value, as: UTF8.self)
            return false
        }
        return found
    }

    /// The values of all fields of that name.
    public func all(_ name: String) -> [String] {
        var found: [String] = []
        forEach { fieldName, value in
            if Self.matches(fieldName, name) { found.append(String(decoding: value, as: UTF8.self)) }
            return true
        }
        return found
    }

    /// How many fields have that name.
    public func count(of name: String) -> Int {
        var count = 0
        forEach { fieldName, _ in
            if Self.matches(fieldName, name) { count += 1 }
            return true
        }
        return count
    }

    /// Every field, names in lower case.
    public var fields: [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        forEach { name, value in
            result.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
            return true
        }
        return result
    }

    /// Whether a field holds `token` among its comma-separated values, in any case: `Connection: keep-alive, Upgrade`.
    public func contains(token: String, in name: String) -> Bool {
        all(name).contains { value in
            value.utf8.split(separator: UInt8(ascii: ",")).contains { Self.matches(Self.trimmed($0), token) }
        }
    }

    private func forEach(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool) {
        bytes.withUnsafeBytes { all in
            var offset = 0
            while offset + 4 <= all.count {
                let nameLength = Int(all.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
                let valueLength = Int(all.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self))
                let name = offset + 4
                let value = name + nameLength
                offset = value + valueLength
                let goesOn = body(.init(rebasing: all[name..<value]), .init(rebasing: all[value..<offset]))
                if !goesOn { return }
            }
        }
    }

    private static func matches(_ bytes: some Collection<UInt8>, _ text: String) -> Bool {
        bytes.count == text.utf8.count && zip(bytes, text.utf8).allSatisfy { lowercased($0) == lowercased($1) }
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte }
}
