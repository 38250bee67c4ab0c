internal import CMicrohttpd
internal import Configuration
public import EventLoop
internal import Glibc

/// One client's WebSocket (RFC 6455), for text messages only, without extensions.
///
/// The module keeps an open socket alive and needs no task for it. Send with `send(text:)`, and take messages by `receive` or `onText`. The socket
/// handles pings, time-outs and the closing handshake by itself.
@ServiceActor
public final class WebSocket {
    enum State {
        /// Messages can be sent and received.
        case open
        /// A close frame is queued or was received. Messages that are queued behind it are not sent.
        case closing
        /// The close frame is sent. Bytes that the client still sends are dropped until it ends the connection.
        case lingering
        case closed
    }

    /// Called with the close code when the socket stops being open, whichever side closed it.
    public var onClose: (@ServiceActor (CloseCode) -> Void)?

    /// Called once when the client has sent more messages in a second than it may, before the socket is closed with 1008: to tell the client so.
    public var onTooManyMessages: (@ServiceActor (_ limit: Int) -> Void)?

    /// Called with each message of the client. Once set, messages no longer wait for `receive`.
    public var onText: (@ServiceActor (String) -> Void)? {
        didSet {
            while let onText, let text = takeUnread() { onText(text) }
        }
    }

    /// Why the socket was closed; nil while it is open. `abnormal` if the connection broke without a close frame.
    public private(set) var closeCode: CloseCode?

    /// Whether messages can be sent.
    public var isOpen: Bool { state == .open }

    let descriptor: Int32
    let server: HTTPServer
    private(set) var state = State.open
    /// The protocol engine, while it has something of this socket in hand.
    var engine: FrameEngine?
    /// The messages that the engine has not been given yet.
    var waiting = WaitingMessages()
    /// The bytes of the last write that the kernel did not take.
    var unsent: [UInt8] = []
    /// Bytes that came with the handshake. They are read before those of the socket.
    var early: [UInt8]
    var readBudget = 0
    var hasEnded = false
    var isPumping = false
    var isFlushDue = false
    var isPingDue = false
    var arrived: [String] = []
    var frames = SecondCount()
    var messages = SecondCount()
    /// Whether the client has sent more messages in a second than it may.
    var isFlooding = false
    /// The address, and the owner of the quota, that the socket is counted for.
    private let holder: (address: IPAddress, quotaOwner: String?)
    /// How many of its queued bytes the server has in its count.
    private var accounted = 0
    /// How fast the client takes what waits for it.
    var meter = DrainMeter()
    /// The tick of the registry at which the client last sent something.
    var heardFrom: Int
    var pinged: Int
    private var closingSince = 0
    /// The tick since which the client has taken no byte although some wait.
    var stalledSince: Int?
    /// The close frame that follows the last queued message.
    var farewell: (code: CloseCode, reason: String)?
    /// The socket's index in the registry.
    var index = 0
    private let poll: PollHandle
    private var unread: BoundedQueue<String>?
    private var unreadBytes = 0
    private let gone = Promise<Void>()

    init?(descriptor: Int32, server: HTTPServer, early: [UInt8], holder: (address: IPAddress, quotaOwner: String?)) {
        guard let poll = try? PollHandle(descriptor: descriptor) else { return nil }
        self.descriptor = descriptor
        self.server = server
        self.poll = poll
        self.early = early
        self.holder = holder
        heardFrom = server.sockets.tick
        pinged = server.sockets.tick
        // Frames already leave in whole batches. Waiting for more would only delay them.
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        server.sockets.insert(self)
        server.addresses.enter(holder.address)
        poll.watch(.readable) { [unowned self] events in ready(events) }
        // No event comes for bytes that arrived with the handshake.
        if !early.isEmpty { flushLater() }
    }

    // MARK: Receiving

    /// The client's next message; nil when the socket is closed and all earlier messages are read. Throws `CancellationError`.
    public func receive() async throws -> String? {
        let text = try await queue().next()
        unreadBytes -= text?.utf8.count ?? 0
        return text
    }

    private func takeUnread() -> String? {
        let text = unread?.poll()
        unreadBytes -= text?.utf8.count ?? 0
        return text
    }

    private func queue() -> BoundedQueue<String> {
        if let unread { return unread }
        let queue = BoundedQueue<String>(bound: server.options.webSocket.unreadMessages)
        if state != .open { queue.finish() }
        unread = queue
        return queue
    }

    func deliver(_ text: String) {
        guard state == .open else { return }
        if let onText { return onText(text) }
        unreadBytes += text.utf8.count
        guard unreadBytes <= server.options.webSocket.unreadBytes, queue().send(text) else {
            return closeAtOnce(.policyViolation, "too many messages")
        }
    }

    // MARK: Closing

    /// Closes the socket after the queued messages, as far as the client takes them in time. A code that may not be sent becomes 1000. The reason is
    /// cut to 123 bytes. Does nothing if the socket is not open.
    public func close(code: CloseCode = .normal, reason: String = "") {
        guard state == .open else { return }
        let code = code.isSendable ? code : .normal
        farewell = (code, reason.utf8.count <= 123 ? reason : String(decoding: reason.utf8.prefix(120), as: UTF8.self))
        stopBeingOpen(code)
        flushLater()
    }

    /// Closes the socket before the queued messages are sent: the engine sends control frames first.
    func closeAtOnce(_ code: CloseCode, _ reason: String) {
        guard state == .open else { return }
        borrowEngine().queueClose(code, reason)
        stopBeingOpen(code)
        flushLater()
    }

    /// Waits until the connection has ended.
    public func closed() async { try? await gone.value }

    func stopBeingOpen(_ code: CloseCode) {
        guard state == .open else { return }
        state = .closing
        closingSince = server.sockets.tick
        closeCode = code
        unread?.finish()
        let onClose = self.onClose
        self.onClose = nil
        onText = nil
        onTooManyMessages = nil
        onClose?(code)
        server.router.onSocketClose?(code)
    }

    /// Waits after the close frame for the client to end the connection. Unread input would make the kernel reset it before the client reads the
    /// frame.
    func linger() {
        guard state != .lingering && state != .closed else { return }
        stopBeingOpen(.abnormal)
        state = .lingering
        engine = nil
        waiting = WaitingMessages()
        account()
        closingSince = server.sockets.tick
        shutdown(descriptor, Int32(SHUT_WR))
        poll.update(.readable)
    }

    /// Ends the connection now. `code` counts only if the socket was still open.
    func finish(_ code: CloseCode = .abnormal) {
        guard state != .closed else { return }
        stopBeingOpen(code)
        state = .closed
        poll.close()
        engine = nil
        waiting = WaitingMessages()
        unsent = []
        account()
        server.sockets.remove(self)
        server.addresses.leave(holder.address)
        server.quotas.leave(holder.quotaOwner)
        Glibc.close(descriptor)
        server.acceptAgain()
        server.progress.notify()
        gone.succeed(())
    }

    // MARK: Events

    private func ready(_ events: PollHandle.Events) {
        if state == .lingering { return drop() }
        pump(reading: events.contains(.readable))
    }

    /// Reads bytes and drops them.
    private func drop() {
        let ended = withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
        }
        if ended { finish() }
    }

    func watch(reading: Bool, writing: Bool) {
        var events: PollHandle.Events = []
        if reading { events.insert(.readable) }
        if writing { events.insert(.writable) }
        poll.update(events)
    }

    /// Tells the server how many bytes wait for the client now.
    func account() {
        let bytes = bufferedBytes
        server.queuedBytes += bytes - accounted
        accounted = bytes
    }

    private func isTakingTooSlowly(_ now: Int) -> Bool {
        guard let drain = server.drain else { return false }
        let bytes = cmhd_acknowledged(descriptor)
        guard meter.isTooSlow(at: now, bytes: bytes < 0 ? nil : bytes, drain) else { return false }
        server.router.onLimit?(.drainRate)
        return true
    }

    /// Sends a ping if one is due, and ends the socket if a deadline has passed.
    func sweep(_ now: Int) {
        let deadlines = server.sockets.deadlines
        switch state {
        case .open:
            if let stalledSince, now - stalledSince >= deadlines.write || isTakingTooSlowly(now) { return finish(.tooSlow) }
            if now - heardFrom >= deadlines.idle { return closeAtOnce(.goingAway, "no sign of life") }
            if now - pinged >= deadlines.ping { ping(now) }
        case .closing: if now - closingSince >= deadlines.write { finish() }
        case .lingering: if now - closingSince >= deadlines.linger { finish() }
        case .closed: break
        }
    }
}
