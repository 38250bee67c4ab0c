/// A second reader of a client's frames, written from RFC 6455 alone: the text messages up to the first violation or close frame.
struct SecondFrames {
    private(set) var texts: [String] = []
    /// Whether a violation or a close frame was found. What comes behind it counts no more.
    private(set) var hasEnded = false
    private var rest: ArraySlice<UInt8>
    private var message: [UInt8]?
    private let maxBytes: Int

    private struct Head {
        let isLast: Bool
        let opcode: UInt8
        let length: Int
    }

    init(_ bytes: [UInt8], maxBytes: Int) {
        rest = bytes[...]
        self.maxBytes = maxBytes
        while !hasEnded, let head = head(), let payload = payload(head) { take(head, payload) }
    }

    /// The next frame's head; nil if there is no whole one or a wrong one.
    private mutating func head() -> Head? {
        guard rest.count >= 2 else { return nil }
        let (first, second) = (rest[rest.startIndex], rest[rest.startIndex + 1])
        let opcode = first & 0x0F
        let isControl = opcode >= 8
        let isKnown = isControl ? [8, 9, 10].contains(opcode) : (message == nil ? opcode == 1 : opcode == 0)
        guard first & 0x70 == 0, second & 0x80 != 0, isKnown, !isControl || (first & 0x80 != 0 && second & 0x7F <= 125) else { return end() }
        let size = second & 0x7F < 126 ? 0 : second & 0x7F == 126 ? 2 : 8
        guard rest.count >= 2 + size else { return nil }
        let extended = rest.dropFirst(2).prefix(size).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let length = size == 0 ? UInt64(second & 0x7F) : extended
        guard size == 0 || length >= (size == 2 ? 126 : 65536), length <= UInt64(maxBytes) else { return end() }
        rest = rest.dropFirst(2 + size)
        return Head(isLast: first & 0x80 != 0, opcode: opcode, length: Int(length))
    }

    private mutating func payload(_ head: Head) -> [UInt8]? {
        guard rest.count >= 4 + head.length else { return nil }
        let mask = Array(rest.prefix(4))
        let payload = rest.dropFirst(4).prefix(head.length).enumerated().map { $1 ^ mask[$0 % 4] }
        rest = rest.dropFirst(4 + head.length)
        return payload
    }

    private mutating func take(_ head: Head, _ payload: [UInt8]) {
        if head.opcode == 8 { hasEnded = true }
        guard head.opcode < 8 else { return }
        let whole = (message ?? []) + payload
        guard whole.count <= maxBytes else { return hasEnded = true }
        message = head.isLast ? nil : whole
        guard head.isLast else { return }
        guard let text = String(validating: whole, as: UTF8.self) else { return hasEnded = true }
        texts.append(text)
    }

    private mutating func end() -> Head? {
        hasEnded = true
        return nil
    }
}
