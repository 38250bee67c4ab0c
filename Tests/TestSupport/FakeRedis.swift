public import EventLoop
internal import Glibc

/// A server that speaks Redis' protocol and gives the answers that a test wants, also answers that a real server gives rarely or never.
@ServiceActor
public final class FakeRedis {
    /// The TCP port on 127.0.0.1.
    public let port: UInt16
    /// Sent to each client at once, before the connection is closed. Nil for a server that listens to commands.
    public var farewell: String?
    /// The answer to a command, as bytes of the protocol: `:1\r
    /// `. The server answers greetings without asking for it.
    public var answer: @ServiceActor ([String]) -> String = { _ in "+OK\r\n" }
    /// Whether it answers. If not, what clients send waits, also their greetings.
    public var isAnswering = true { didSet { for descriptor in Array(clients.keys) { answerAll(descriptor) } } }
    /// The commands that clients have sent, without greetings.
    public private(set) var commands: [[String]] = []
    /// The number of clients that have connected.
    public private(set) var connections = 0
    private let listener: LoopbackListener
    private var poll: PollHandle?
    private var clients: [Int32: (poll: PollHandle, unread: [UInt8])] = [:]

    /// The URL of database 0.
    public var url: String { "redis://127.0.0.1:\(port)/0" }

    /// Listens on a free port.
    public init() throws {
        listener = try LoopbackListener()
        port = listener.port
        let poll = try PollHandle(descriptor: listener.descriptor)
        poll.watch(.readable) { [unowned self] _ in accept() }
        self.poll = poll
    }

    /// Closes all connections and stops listening.
    public func stop() {
        poll?.close()
        for descriptor in Array(clients.keys) { end(descriptor) }
        listener.close()
    }

    private func accept() {
        guard let descriptor = listener.accept() else { return }
        connections += 1
        if let farewell {
            send(farewell, to: descriptor)
            close(descriptor)
            return
        }
        guard let poll = try? PollHandle(descriptor: descriptor) else { return }
        clients[descriptor] = (poll, [])
        poll.watch(.readable) { [unowned self] _ in read(descriptor) }
    }

    private func read(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return end(descriptor) }
        clients[descriptor]?.unread += buffer.prefix(count)
        answerAll(descriptor)
    }

    private func answerAll(_ descriptor: Int32) {
        while isAnswering, let command = takeCommand(descriptor) { send(reply(to: command), to: descriptor) }
    }

    /// Takes a whole command, an array of bulk strings, from the bytes that were read.
    private func takeCommand(_ descriptor: Int32) -> [String]? {
        guard var rest = clients[descriptor]?.unread[...], let count = Self.header(&rest) else { return nil }
        var words: [String] = []
        for _ in 0..<count {
            guard let length = Self.header(&rest), rest.count >= length + 2 else { return nil }
            words.append(String(decoding: rest.prefix(length), as: UTF8.self))
            rest = rest.dropFirst(length + 2)
        }
        clients[descriptor]?.unread = Array(rest)
        return words
    }

    /// The number of a line such as `*3` or `$5`.
    private static func header(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        guard let end = bytes.firstIndex(of: 10) else { return nil }
        let digits = String(decoding: bytes[bytes.startIndex..<end].dropFirst().dropLast(), as: UTF8.self)
        bytes = bytes[(end + 1)...]
        return Int(digits)
    }

    private func reply(to command: [String]) -> String {
        switch command.first {
        case "PING": return "+PONG\r\n"
        case "AUTH", "SELECT", "CLIENT", "INFO": return "+OK\r\n"
        default:
            commands.append(command)
            return answer(command)
        }
    }

    private func send(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private func end(_ descriptor: Int32) {
        clients.removeValue(forKey: descriptor)?.poll.close()
        close(descriptor)
    }
}
