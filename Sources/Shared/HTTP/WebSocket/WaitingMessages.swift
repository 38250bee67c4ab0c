/// The text messages that wait for a client, in order. A text that goes to many sockets is held once.
struct WaitingMessages {
    private var texts: [String] = []
    private var head = 0
    /// The length of all that wait.
    private(set) var bytes = 0

    var count: Int { texts.count - head }
    var isEmpty: Bool { texts.isEmpty }

    mutating func append(_ text: String) {
        texts.append(text)
        bytes += text.utf8.count
    }

    mutating func popFirst() -> String? {
        guard !texts.isEmpty else { return nil }
        let text = texts[head]
        head += 1
        bytes -= text.utf8.count
        if head == texts.count { self = WaitingMessages() }
        return text
    }
}
