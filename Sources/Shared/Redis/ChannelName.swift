/// The name of a channel, compared by its bytes as Redis does: `==` of `String` takes the two Unicode forms of "é" for one name.
struct ChannelName: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ChannelName, right: ChannelName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8(0xFF))
    }
}
