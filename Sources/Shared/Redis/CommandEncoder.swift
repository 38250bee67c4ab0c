/// Writes commands as RESP arrays of bulk strings. All commands use the same buffer.
struct CommandEncoder {
    private var buffer: [UInt8] = []

    /// Encodes `command` and lends its bytes to `body`.
    mutating func withEncoded<Value>(_ command: [String], _ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        buffer.removeAll(keepingCapacity: true)
        appendHeader(UInt8(ascii: "*"), command.count)
        for argument in command {
            let text = argument.utf8
            appendHeader(UInt8(ascii: "$"), text.count)
            buffer.append(contentsOf: text)
            appendLineEnd()
        }
        return buffer.withUnsafeBufferPointer(body)
    }

    private mutating func appendHeader(_ sign: UInt8, _ count: Int) {
        buffer.append(sign)
        if count < 10 {
            buffer.append(UInt8(ascii: "0") + UInt8(count))
        } else {
            buffer.append(contentsOf: String(count).utf8)
        }
        appendLineEnd()
    }

    private mutating func appendLineEnd() {
        buffer.append(UInt8(ascii: "\r"))
        buffer.append(UInt8(ascii: "\n"))
    }
}
