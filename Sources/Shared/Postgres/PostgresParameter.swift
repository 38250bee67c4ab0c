/// A value for `$1`, `$2`, … of a statement. It never becomes part of the statement's text. The casts in the statement decide its type.
public enum PostgresParameter: Sendable, Equatable {
    case null
    /// Text, or the text form of any type. NUL is refused with SQLSTATE 22021, as the server would do.
    case text(String)
    case int(Int64)
    case bool(Bool)
    /// An array of texts or NULLs.
    case textArray([String?])
    /// An array of integers or NULLs.
    case intArray([Int64?])
    /// An array in binary form, for what is written often.
    case array(PostgresArray)

    /// Text, or NULL for nil.
    public static func text(orNull text: String?) -> PostgresParameter { text.map { .text($0) } ?? .null }
    /// An integer, or NULL for nil.
    public static func int(orNull int: Int64?) -> PostgresParameter { int.map { .int($0) } ?? .null }
}

extension PostgresParameter {
    /// Whether it is sent in binary form.
    var isBinary: Bool { if case .array = self { true } else { false } }

    /// Writes the text form, or the binary form of an array, and a zero byte after it. Returns false for NULL, which has neither.
    func write(to bytes: inout [UInt8]) throws(PostgresError) -> Bool {
        switch self {
        case .null: return false
        case .text(let text): try Self.append(text, to: &bytes)
        case .int(let int): bytes.append(contentsOf: String(int).utf8)
        case .bool(let bool): bytes.append(UInt8(ascii: bool ? "t" : "f"))
        case .textArray(let texts):
            try Self.appendArray(texts, to: &bytes) { (text, bytes) throws(PostgresError) in try Self.appendQuoted(text, to: &bytes) }
        case .intArray(let ints):
            try Self.appendArray(ints, to: &bytes) { (int, bytes) throws(PostgresError) in bytes.append(contentsOf: String(int).utf8) }
        case .array(let array): try array.write(to: &bytes)
        }
        bytes.append(0)
        return true
    }

    /// The bytes that it takes, or somewhat more or less. A block that grows is copied as often as it moves.
    fileprivate var size: Int {
        switch self {
        case .null, .int, .bool: 24
        case .text(let text): text.utf8.count + 1
        case .textArray(let texts): texts.reduce(16) { $0 + ($1?.utf8.count ?? 4) + 8 }
        case .intArray(let ints): 24 * ints.count + 16
        case .array(let array): array.size
        }
    }

    /// An array literal: `{1,NULL,"a \"quoted\" text"}`.
    private static func appendArray<Element>(
        _ elements: [Element?], to bytes: inout [UInt8], _ append: (Element, inout [UInt8]) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        bytes.append(UInt8(ascii: "{"))
        for index in elements.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if let element = elements[index] { try append(element, &bytes) } else { bytes.append(contentsOf: "NULL".utf8) }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) throws(PostgresError) {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        // The text form ends at the first zero byte, so the server would store only the part before it.
        guard !bytes[start...].contains(0) else { throw .nul }
    }

    private static func appendQuoted(_ text: String, to bytes: inout [UInt8]) throws(PostgresError) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        let hasNUL = text.withUTF8 { utf8 in
            bytes.reserveCapacity(bytes.count + utf8.count + 16)
            var hasNUL = false
            for byte in utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
                bytes.append(byte)
                hasNUL = hasNUL || byte == 0
            }
            return hasNUL
        }
        bytes.append(UInt8(ascii: "\""))
        guard !hasNUL else { throw .nul }
    }
}

/// The parameters of one execution in libpq's form: their texts and bytes in one block of memory.
struct EncodedParameters {
    private var bytes: [UInt8] = []
    private var offsets: [Int?] = []
    /// The lengths in bytes. libpq reads those of binary values; a text ends at its zero byte.
    private(set) var lengths: [Int32] = []
    /// 1 for a binary value, 0 for a text.
    private(set) var formats: [Int32] = []

    init(_ parameters: [PostgresParameter]) throws(PostgresError) {
        offsets.reserveCapacity(parameters.count)
        bytes.reserveCapacity(parameters.reduce(0) { $0 + $1.size })
        for parameter in parameters {
            let offset = bytes.count
            let hasValue = try parameter.write(to: &bytes)
            guard let length = Int32(exactly: bytes.count - offset) else { throw .tooLarge }
            offsets.append(hasValue ? offset : nil)
            lengths.append(hasValue ? length - 1 : 0)
            formats.append(parameter.isBinary ? 1 : 0)
        }
    }

    var count: Int32 { Int32(offsets.count) }

    /// Calls `body` with pointers to the values. They are valid until it returns.
    func withValues<Value>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value) -> Value {
        bytes.withUnsafeBytes { memory in
            let base = memory.baseAddress?.assumingMemoryBound(to: CChar.self)
            return offsets.map { offset in offset.flatMap { base?.advanced(by: $0) } }.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}
