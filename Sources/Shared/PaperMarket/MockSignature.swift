internal import JSON
internal import Orders

/// Signatures of the mock chain: 64 bytes computed from order, leg and attempt, so that the same attempt has the same signature in every process. The
/// attempts of an order that has waited again count from 1 again, so for such an order the number of its rests is a part, too.
enum MockSignature {
    /// The signature: base58 of 64 bytes.
    static func make(order: OrderID, leg: Int, attempt: Int, rests: Int = 0) -> String {
        let text = Array("\(order):\(leg):\(attempt)\(rests > 0 ? ":\(rests)" : "")".utf8)
        var bytes: [UInt8] = []
        for block in UInt8(0)..<8 {
            var word: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(block) &* 0x9e37_79b9_7f4a_7c15
            for byte in text { word = (word ^ UInt64(byte)) &* 0x100_0000_01b3 }
            word = (word ^ (word >> 33)) &* 0xff51_afd7_ed55_8ccd
            word = (word ^ (word >> 33)) &* 0xc4ce_b9fe_1a85_ec53
            word ^= word >> 33
            withUnsafeBytes(of: word.bigEndian) { bytes += $0 }
        }
        return Base58.encode(bytes)
    }

    /// The bytes that are sent: the whole swap, base58, in place of a real chain's wire format.
    static func bytes(order: Order, leg: Int, attempt: Int, rests: Int = 0, quote: Quote) -> String {
        let swap = JSONWriter.object {
            $0.field("order", order.id)
            $0.field("leg", leg)
            $0.field("attempt", attempt)
            if rests > 0 { $0.field("rests", rests) }
            $0.field("pool", quote.pool)
            $0.field("in", quote.amountIn)
        }
        return Base58.encode(Array(swap.utf8))
    }
}
