/// The ids of requests: 32 hexadecimal digits, as those of traces.
enum RequestID {
    /// The trace id of a `traceparent` (W3C Trace Context: `version-traceid-parentid-flags` in lower-case hex); nil if it is not well formed.
    static func traceID(in traceparent: String) -> String? {
        let bytes = traceparent.utf8
        guard bytes.count == 55 else { return nil }
        var hasID = false
        var hasParent = false
        for (offset, byte) in bytes.enumerated() {
            if offset == 2 || offset == 35 || offset == 52 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard isLowerHex(byte) else { return nil }
            if byte != UInt8(ascii: "0") {
                hasID = hasID || (3..<35).contains(offset)
                hasParent = hasParent || (36..<52).contains(offset)
            }
        }
        guard hasID, hasParent, !traceparent.hasPrefix("ff") else { return nil }
        return String(traceparent.dropFirst(3).prefix(32))
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
    }
}

/// Draws new ids. They need not be secret, so the system is asked for chance only once.
struct RequestIDSource {
    private var states = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

    mutating func next() -> String {
        let id = (Self.next(&states.0), Self.next(&states.1))
        return String(unsafeUninitializedCapacity: 32) { digits in
            Self.write(id.0, to: digits, at: 0)
            Self.write(id.1, to: digits, at: 16)
            return 32
        }
    }

    /// SplitMix64.
    private static func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    private static func write(_ value: UInt64, to digits: UnsafeMutableBufferPointer<UInt8>, at offset: Int) {
        for place in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * place)) & 15
            digits[offset + place] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
        }
    }
}
