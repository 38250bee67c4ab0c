/// The part of a Redis Cluster's keys that one master has.
///
/// Source: the Redis Cluster specification, "Key distribution model" and "Hash tags".
enum HashSlot {
    /// The number of slots of a cluster.
    static let count = 16_384

    /// The slot of a key: CRC16 of its hash tag, or of all of it. The tag is what stands between the first `{` and the next `}`, if that is anything.
    static func of(_ key: String) -> Int {
        let bytes = key.utf8
        guard let open = bytes.firstIndex(of: UInt8(ascii: "{")) else { return slot(bytes[...]) }
        let rest = bytes[bytes.index(after: open)...]
        guard let close = rest.firstIndex(of: UInt8(ascii: "}")), close > rest.startIndex else { return slot(bytes[...]) }
        return slot(rest[..<close])
    }

    private static func slot(_ bytes: Substring.UTF8View) -> Int {
        var crc: UInt16 = 0
        for byte in bytes { crc = crc << 8 ^ table[Int(UInt8(crc >> 8) ^ byte)] }
        return Int(crc) % count
    }

    /// CRC-16/XMODEM: polynomial 0x1021, begins with 0, nothing is reflected.
    private static let table: [UInt16] = (0..<256).map { byte in
        (0..<8).reduce(UInt16(byte) << 8) { crc, _ in crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
    }
}
