internal import CWslay
internal import EventLoop
internal import Glibc

/// One connection of a listener, from its first packet to its end. `run` owns it and gives it up.
@ServiceActor
final class ListenerConnection {
    /// Of the answer to the handshake.
    private static let mostHeadBytes = 16 * 1024
    /// What the server may take to take the farewell.
    private static let farewellLimit = Duration.seconds(1)

    private enum Phase { case connecting, asking, open, leaving, closed }

    private(set) var wasConnected = false
    let options: WebSocketListenerOptions
    let receive: @ServiceActor (String) -> Bool
    var descriptor: Int32 = -1
    /// The protocol's own state, once the socket is open.
    var context: wslay_event_context_ptr?
    /// Bytes that are to be read before those of the socket.
    var early: [UInt8] = []
    var readBudget = 0
    var hasEnded = false
    var arrived: [String] = []
    /// Whether the frame that comes is a close frame, and what has come of one.
    var readsClose = false
    var closePayload: [UInt8] = []
    private let address: WebSocketAddress
    private let opened: @ServiceActor () -> Void
    private let outcome = Waiter<WebSocketListener.Ending, HTTPClientError>()
    private let deadline = LoopTimer()
    private var poll: PollHandle?
    private var phase = Phase.connecting
    private var key = ""
    private var farewell = CloseCode.normal
    private var unsent: [UInt8] = []

    init(
        _ address: WebSocketAddress, options: WebSocketListenerOptions, opened: @escaping @ServiceActor () -> Void,
        receive: @escaping @ServiceActor (String) -> Bool
    ) {
        self.address = address
        self.options = options
        self.opened = opened
        self.receive = receive
    }

    /// Connects to a numeric address, and listens to the end. `limit` is for all until the socket is open.
    func run(to host: String, within limit: Duration) async throws(HTTPClientError) -> WebSocketListener.Ending {
        defer { release() }
        guard limit > .zero else { throw .timedOut }
        deadline.start(after: limit) { [unowned self] in fail(.timedOut) }
        try connect(to: host)
        return try await outcome.value(orWhenCancelled: .cancelled)
    }

    private func release() {
        phase = .closed
        deadline.stop()
        poll?.close()
        poll = nil
        wslay_event_context_free(context)
        context = nil
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    func end(_ ending: WebSocketListener.Ending) { settle(.success(ending)) }

    private func fail(_ error: HTTPClientError) { settle(.failure(error)) }

    /// The task of `run` releases what there is when it goes on; until then nothing more happens here.
    private func settle(_ result: Result<WebSocketListener.Ending, HTTPClientError>) {
        guard phase != .closed else { return }
        phase = .closed
        deadline.stop()
        poll?.close()
        outcome.complete(result)
    }

    // MARK: Connecting

    private func connect(to host: String) throws(HTTPClientError) {
        guard let info = SocketAddress(host: host, port: address.port) else { throw .dns }
        descriptor = socket(info.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .other("no socket can be opened") }
        let code = info.connect(descriptor)
        guard code == 0 || errno == EINPROGRESS else { throw .refused }
        guard let poll = try? PollHandle(descriptor: descriptor) else { throw .other("the socket cannot be watched") }
        self.poll = poll
        poll.watch(.writable) { [unowned self] events in ready(events) }
    }

    private func ready(_ events: PollHandle.Events) {
        switch phase {
        case .connecting: ask()
        case .asking: if unsent.isEmpty { readHead() } else { sendRequest() }
        case .open: pump()
        case .leaving: finishLeaving()
        case .closed: break
        }
    }

    private func ask() {
        var (error, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0, error == 0 else {
            return fail(error == ETIMEDOUT ? .timedOut : .refused)
        }
        guard let key = WebSocketHandshake.makeKey() else { return fail(.other("no random key")) }
        wasConnected = true
        (phase, self.key) = (.asking, key)
        let lines = [
            "GET \(address.target) HTTP/1.1", "Host: \(address.authority)", "User-Agent: \(options.userAgent)", "Upgrade: websocket",
            "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: \(key)",
        ]
        unsent = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        sendRequest()
    }

    private func sendRequest() {
        guard flush() else { return fail(.truncated) }
        poll?.update(unsent.isEmpty ? .readable : .writable)
    }

    private func readHead() {
        let isThere = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { early += buffer[..<count] }
            return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
        }
        guard isThere else { return fail(.truncated) }
        guard ResponseHead.isWhole(early) else {
            if early.count > Self.mostHeadBytes { fail(.tooLarge) }
            return
        }
        guard let head = ResponseHead(parsing: early) else { return fail(.other("the answer is no HTTP")) }
        guard head.status == 101 else { return end(.refused(status: head.status)) }
        guard WebSocketHandshake.isGranted(head, key: key) else { return fail(.other("the answer grants no WebSocket")) }
        early.removeFirst(head.length)
        open()
    }

    // MARK: Open

    private func open() {
        phase = .open
        context = makeContext()
        heard()
        opened()
        // No event comes for what came with the head.
        pump()
    }

    /// The server is there: its silence counts from now.
    func heard() { deadline.start(after: options.silenceLimit) { [unowned self] in fail(.timedOut) } }

    var isOpen: Bool { phase == .open }

    func watch(writing: Bool) { poll?.update(writing ? [.readable, .writable] : .readable) }

    /// Says farewell and ends; without waiting for the server's, from which nothing is wanted any more.
    func leave(_ code: CloseCode) {
        guard phase == .open else { return }
        wslay_event_queue_close(context, code.rawValue, nil, 0)
        phase = .leaving
        farewell = code
        deadline.start(after: Self.farewellLimit) { [unowned self] in end(.closed(code)) }
        finishLeaving()
    }

    private func finishLeaving() {
        guard transmit(), !unsent.isEmpty else { return end(.closed(farewell)) }
        poll?.update(.writable)
    }

    /// Moves frames to the kernel until it takes no more. Returns false when the connection is broken.
    func transmit() -> Bool {
        while true {
            guard flush() else { return false }
            if !unsent.isEmpty { return true }
            guard wslay_event_send(context) == 0 else { return false }
            if unsent.isEmpty { return true }
        }
    }

    var hasUnsent: Bool { !unsent.isEmpty }

    /// Takes a frame's header or payload from the protocol.
    func gather(_ bytes: UnsafeRawBufferPointer) { unsent.append(contentsOf: bytes) }

    private func flush() -> Bool {
        while !unsent.isEmpty {
            let count = unsent.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return errno == EAGAIN || errno == EINTR }
            unsent.removeFirst(count)
        }
        return true
    }
}
