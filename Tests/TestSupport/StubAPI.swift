public import EventLoop
internal import Glibc

/// A server that answers each `GET` as a test says, right or wrong. Replies may be cut short, far too large, late, or missing.
@ServiceActor
public final class StubAPI {
    /// The answer to a request.
    public enum Answer: Sendable {
        /// A whole reply. The connection is kept.
        case reply(Int, String, [String] = [])
        /// These bytes; then the connection ends.
        case bytes(String)
        /// A reset in place of an answer.
        case reset
        /// No answer, ever.
        case silence
    }

    /// The port on which the server listens.
    public let port: UInt16
    /// Its base URL.
    public var url: String { "http://127.0.0.1:\(port)" }
    /// Decides each answer. It is called with the target and the lines of the head.
    public var answer: @ServiceActor (_ target: String, _ head: [String]) -> Answer
    /// How long each answer takes.
    public var delay = Duration.zero
    /// The targets of the requests, in order.
    public private(set) var targets: [String] = []
    /// Connections accepted so far.
    public private(set) var accepted = 0
    private let listener: LoopbackListener
    private let poll: PollHandle
    private var clients: [Int32: Client] = [:]

    /// Listens.
    public init(_ answer: @escaping @ServiceActor (_ target: String, _ head: [String]) -> Answer) throws {
        self.answer = answer
        listener = try LoopbackListener()
        port = listener.port
        poll = try PollHandle(descriptor: listener.descriptor)
        poll.watch(.readable) { [unowned self] _ in accept() }
    }

    /// Ends every connection and stops listening.
    public func close() {
        poll.close()
        listener.close()
        for client in clients.values { client.close() }
        clients = [:]
    }

    private func accept() {
        while let socket = listener.accept() {
            accepted += 1
            guard let client = try? Client(socket, self) else { continue }
            clients[socket] = client
        }
    }

    fileprivate func decide(_ target: String, _ head: [String]) -> Answer {
        targets.append(target)
        return answer(target, head)
    }

    fileprivate func forget(_ descriptor: Int32) { clients[descriptor] = nil }
}

/// One connection, which has at most one request at a time.
@ServiceActor
private final class Client {
    private let descriptor: Int32
    private let poll: PollHandle
    private unowned let api: StubAPI
    private let timer = LoopTimer()
    private var input = ""
    private var output: [UInt8] = []
    private var endsAfterOutput = false

    init(_ descriptor: Int32, _ api: StubAPI) throws {
        self.descriptor = descriptor
        self.api = api
        poll = try PollHandle(descriptor: descriptor)
        poll.watch(.readable) { [unowned self] ready in if ready.contains(.writable) { write() } else { read() } }
    }

    func close() {
        timer.stop()
        poll.close()
        Glibc.close(descriptor)
    }

    private func end() {
        close()
        api.forget(descriptor)
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return end() }
        input += String(decoding: buffer[..<count], as: UTF8.self)
        guard input.hasSuffix("\r\n\r\n") else { return }
        let lines = input.split(separator: "\r\n").map(String.init)
        input = ""
        let answer = api.decide(lines[0].split(separator: " ").dropFirst().first.map(String.init) ?? "", lines)
        if api.delay > .zero { timer.start(after: api.delay) { [unowned self] in give(answer) } } else { give(answer) }
    }

    private func give(_ answer: StubAPI.Answer) {
        switch answer {
        case .reply(let status, let body, let headers):
            let head = ["HTTP/1.1 \(status) Stub", "Content-Type: application/json", "Content-Length: \(body.utf8.count)"] + headers
            output = Array((head.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
            write()
        case .bytes(let text):
            output = Array(text.utf8)
            endsAfterOutput = true
            write()
        case .reset:
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
            end()
        case .silence: break
        }
    }

    private func write() {
        while !output.isEmpty {
            let count = Glibc.send(descriptor, output, output.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return errno == EAGAIN ? poll.update(.writable) : end() }
            output.removeFirst(count)
        }
        if endsAfterOutput { end() } else { poll.update(.readable) }
    }
}
