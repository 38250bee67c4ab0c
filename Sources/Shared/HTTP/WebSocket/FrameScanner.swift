/// Reads the headers of a client's frames as their bytes come (RFC 6455, 5.2), before the engine does: the engine tells how long a frame is only when
/// its payload begins.
struct FrameScanner {
    /// How many bytes of the present header have come.
    private var seen = 0
    private var first: UInt8 = 0
    private var isMasked = false
    /// How many bytes of the length follow the second byte.
    private var lengthBytes = 0
    private var length: UInt64 = 0
    /// How many bytes of the mask and the payload are to come.
    private var rest: UInt64 = 0
    /// The length of the message so far, with all that this frame announces.
    private var message: UInt64 = 0

    /// Goes over the next bytes. Returns the offset of the byte with which a header is complete that makes a message longer than `limit`; nil if
    /// there is none.
    mutating func scan(_ bytes: UnsafeRawBufferPointer, limit: UInt64) -> Int? {
        var index = 0
        while index < bytes.count {
            guard rest == 0 else {
                let count = min(rest, UInt64(bytes.count - index))
                rest -= count
                index += Int(count)
                continue
            }
            take(bytes[index])
            if seen >= 2 && seen == 2 + lengthBytes && endHeader(limit: limit) { return index }
            index += 1
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) {
        switch seen {
        case 0: first = byte
        case 1:
            isMasked = byte & 0x80 != 0
            let short = byte & 0x7f
            lengthBytes = short == 126 ? 2 : short == 127 ? 8 : 0
            length = lengthBytes == 0 ? UInt64(short) : 0
        default: length = length << 8 | UInt64(byte)
        }
        seen += 1
    }

    /// Returns whether the message is too long.
    private mutating func endHeader(limit: UInt64) -> Bool {
        seen = 0
        // No client ever sends so much, and so nothing overflows.
        rest = min(length, 1 << 62) + (isMasked ? 4 : 0)
        let opcode = first & 0x0f
        // The engine refuses what is no length: one with the highest bit.
        guard opcode < 8, length >> 63 == 0 else { return false }
        message = (opcode == 0 ? message : 0) + length
        let isTooLong = message > limit
        if first & 0x80 != 0 { message = 0 }
        return isTooLong
    }
}
