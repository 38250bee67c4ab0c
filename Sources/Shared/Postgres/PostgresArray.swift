internal import Glibc

/// An array that is sent in the binary form of its type. The server takes it as it is: it neither parses nor unescapes the elements.
///
/// The statement casts it to exactly this type. The server refuses an array of another type, even of a related one.
public enum PostgresArray: Sendable, Equatable {
    /// `uuid[]`, from texts of the form 8-4-4-4-12. Another text is refused with SQLSTATE 22P02.
    case uuid([String?])
    /// `text[]`. NUL is refused with SQLSTATE 22021.
    case text([String?])
    /// `integer[]`. A number beyond 32 bits is refused with SQLSTATE 22003.
    case integer([Int64?])
    /// `bigint[]`.
    case bigint([Int64?])
}

extension PostgresArray {
    /// The types of elements, with the numbers that every Postgres has for them.
    private enum ElementType: Int32 {
        case bigint = 20
        case integer = 23
        case text = 25
        case uuid = 2950
    }

    /// The bytes that it takes at most, with the zero byte after it.
    var size: Int {
        switch self {
        case .uuid(let elements), .text(let elements): elements.reduce(24) { $0 + ($1?.utf8.count ?? 0) + 4 }
        case .integer(let elements), .bigint(let elements): 12 * elements.count + 24
        }
    }

    /// Writes the array as the server's `array_recv` reads it.
    func write(to bytes: inout [UInt8]) throws(PostgresError) {
        switch self {
        case .uuid(let texts): try Self.write(texts, .uuid, to: &bytes, Self.appendUUID)
        case .text(let texts): try Self.write(texts, .text, to: &bytes, Self.appendText)
        case .integer(let ints):
            try Self.write(ints, .integer, to: &bytes) { (int, bytes) throws(PostgresError) in
                guard let int = Int32(exactly: int) else { throw .outOfRange }
                bytes.append(bigEndian: int)
            }
        case .bigint(let ints):
            try Self.write(ints, .bigint, to: &bytes) { (int, bytes) throws(PostgresError) in bytes.append(bigEndian: int) }
        }
    }

    /// One dimension that begins at index 1; each element is its length and its bytes. The length of NULL is -1. An array without elements has no
    /// dimension.
    private static func write<Element>(
        _ elements: [Element?], _ type: ElementType, to bytes: inout [UInt8], _ append: (Element, inout [UInt8]) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        let hasNull = elements.contains { $0 == nil }
        for field in [elements.isEmpty ? 0 : 1, hasNull ? 1 : 0, type.rawValue] { bytes.append(bigEndian: field) }
        guard let count = Int32(exactly: elements.count) else { throw .tooLarge }
        if count > 0 { for field in [count, 1] { bytes.append(bigEndian: field) } }
        for element in elements {
            let place = bytes.count
            bytes.append(bigEndian: Int32(-1))
            guard let element else { continue }
            try append(element, &bytes)
            guard let length = Int32(exactly: bytes.count - place - 4) else { throw .tooLarge }
            bytes.replace(at: place, bigEndian: length)
        }
    }

    private static func appendText(_ text: String, to bytes: inout [UInt8]) throws(PostgresError) {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        let hasNUL = bytes.withUnsafeBytes { $0.baseAddress.map { memchr($0 + start, 0, bytes.count - start) != nil } ?? false }
        guard !hasNUL else { throw .nul }
    }

    private static func appendUUID(_ text: String, to bytes: inout [UInt8]) throws(PostgresError) {
        guard text.utf8.count == 36 else { throw .badUUID }
        var high: UInt8?
        for (index, byte) in text.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { throw .badUUID }
                continue
            }
            guard let digit = hexadecimal(byte) else { throw .badUUID }
            if let left = high { bytes.append(left << 4 | digit) }
            high = high == nil ? digit : nil
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func replace(at place: Int, bigEndian value: Int32) {
        Swift.withUnsafeBytes(of: value.bigEndian) { for index in 0..<4 { self[place + index] = $0[index] } }
    }
}

extension PostgresError {
    static let nul = PostgresError(.server(sqlState: "22021"), "a text has a NUL, which Postgres cannot store")
    static let outOfRange = PostgresError(.server(sqlState: "22003"), "a number is out of range for type integer")
    static let badUUID = PostgresError(.server(sqlState: "22P02"), "a text is no UUID")
    /// Far above what the server takes in one message.
    static let tooLarge = PostgresError(.server(sqlState: "54000"), "a parameter is too large")
}
