internal import EventLoop

/// The text messages that wait for a client, in order. A text that goes to many sockets is held once.
struct WaitingMessages {
    private var texts = FIFOQueue<String>()
    /// The length of all that wait.
    private(set) var bytes = 0

    var count: Int { texts.count }
    var isEmpty: Bool { texts.isEmpty }

    mutating func append(_ text: String) {
        texts.append(text)
        bytes += text.utf8.count
    }

    mutating func popFirst() -> String? {
        let text = texts.popFirst()
        bytes -= text?.utf8.count ?? 0
        return text
    }
}
