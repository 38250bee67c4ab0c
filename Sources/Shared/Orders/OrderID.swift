public import JSON

/// The name of an order: a UUID in lower case. The last byte is the order's partition.
public struct OrderID: Sendable, Hashable, CustomStringConvertible {
    /// The text, 36 characters, lower case.
    public let description: String

    /// A new UUIDv7 (RFC 9562, section 5.7).
    ///
    /// - Parameters:
    ///   - milliseconds: Unix time; the lower 48 bits are used.
    ///   - partition: written into the last byte in place of eight random bits.
    ///   - random: 66 bits are taken from it.
    public init(milliseconds: UInt64, partition: UInt8, random: inout some RandomNumberGenerator) {
        let high = milliseconds << 16 | 0x7000 | random.next() & 0x0FFF
        let low = 0x8000_0000_0000_0000 | random.next() & 0x3FFF_FFFF_FFFF_FF00 | UInt64(partition)
        self.init(high: high, low: low)
    }

    /// The id below which every id of an earlier time is, and none of this time (Unix milliseconds) or a later one. Ids have 48 bits of the time; no
    /// order is accepted after those.
    public static func lowest(at milliseconds: UInt64) -> OrderID { OrderID(high: min(milliseconds, 1 << 48 - 1) << 16, low: 0) }

    private init(high: UInt64, low: UInt64) { description = Self.text(high, low) }

    /// Reads a UUID of any version in the form 8-4-4-4-12, in any case; nil for anything else.
    public init?(parsing text: String) {
        let utf8 = text.utf8
        guard utf8.count == 36 else { return nil }
        var lowered: [UInt8] = []
        lowered.reserveCapacity(36)
        for (index, byte) in utf8.enumerated() {
            switch (index, byte) {
            case (8, UInt8(ascii: "-")), (13, UInt8(ascii: "-")), (18, UInt8(ascii: "-")), (23, UInt8(ascii: "-")): lowered.append(byte)
            case (8, _), (13, _), (18, _), (23, _): return nil
            case (_, UInt8(ascii: "0")...UInt8(ascii: "9")), (_, UInt8(ascii: "a")...UInt8(ascii: "f")): lowered.append(byte)
            case (_, UInt8(ascii: "A")...UInt8(ascii: "F")): lowered.append(byte | 0x20)
            default: return nil
            }
        }
        description = String(decoding: lowered, as: UTF8.self)
    }

    /// The last byte, 0 to 255. Any UUID has one; only Redis knows whether the order exists there.
    public var partition: Int { Int(description.suffix(2), radix: 16) ?? 0 }

    /// When the order was placed, in ms since 1970. Nil for an id that is no UUIDv7: the engine never gave it.
    public var milliseconds: UInt64? {
        guard description[description.index(description.startIndex, offsetBy: 14)] == "7" else { return nil }
        return UInt64(description.prefix(13).filter { $0 != "-" }, radix: 16)
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(36)
        for nibble in 0..<32 {
            if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 { bytes.append(UInt8(ascii: "-")) }
            let half = nibble < 16 ? high : low
            bytes.append(digits[Int(half >> UInt64(60 - 4 * (nibble % 16)) & 0xF)])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension OrderID: JSONWritable {
    public func write(to writer: inout JSONWriter) { writer.value(string: description) }
}
