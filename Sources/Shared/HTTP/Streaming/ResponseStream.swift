internal import CMicrohttpd
public import EventLoop

/// The body of an answer that is written while the client reads it: server-sent events, or any other body of unknown length.
///
/// A handler makes a stream, returns it in its answer, and may write before and after that. Bytes that the client has not taken wait here, up to a
/// limit. A client that is further behind is cut off, so that a slow reader costs a limited amount of memory.
@ServiceActor
public final class ResponseStream {
    /// Why a stream ended.
    public enum End: Sendable {
        /// The handler has finished it.
        case finished
        /// The client has gone, or never got the answer.
        case gone
        /// The client does not read fast enough.
        case tooSlow
        /// The server is stopping.
        case stopping
    }

    /// Called once when nothing more can be written, whatever the reason. If the stream has already ended, it is called at once.
    public var onEnd: (@ServiceActor (End) -> Void)? { didSet { tellOnce() } }

    /// Whether the client may still read what is written.
    public var isOpen: Bool { outcome == nil }

    private(set) var outcome: End?
    private let limit: Int
    private let keepAlive: (interval: Duration, text: String)?
    private let timer = LoopTimer()
    private var waiting: [UInt8] = []
    /// How many bytes of `waiting` the daemon has taken already.
    private var taken = 0
    private var connection: OpaquePointer?
    private var peer: ServerConnection?
    private var server: HTTPServer?
    private var poll: PollHandle?
    /// Whether the client has taken everything, and the daemon waits for more.
    private(set) var isSuspended = false
    /// How many of the waiting bytes the server has in its count.
    private var accounted = 0

    /// A stream that nobody reads yet.
    ///
    /// - Parameters:
    ///   - limit: how many bytes may wait for the client.
    ///   - keepAlive: a text that is written after each interval of silence, so that proxies keep the connection and a client that has gone is
    ///     noticed.
    public init(limit: Int = 256 * 1024, keepAlive: (interval: Duration, text: String)? = nil) {
        self.limit = limit
        self.keepAlive = keepAlive
        armKeepAlive()
    }

    /// Adds text to the body. Returns whether it is going to be sent. After `false` there is no point in writing more.
    @discardableResult
    public func write(_ text: String) -> Bool {
        guard isOpen else { return false }
        waiting.append(contentsOf: text.utf8)
        guard waiting.count - taken <= limit else {
            end(.tooSlow)
            return false
        }
        armKeepAlive()
        account()
        wake()
        return true
    }

    /// Ends the body after the text that was written.
    public func finish() { end(.finished) }

    // MARK: The server's side

    /// The daemon's form of the answer. `hasBody` is false if the client asked only for the head.
    func makeResponse(_ connection: OpaquePointer, _ peer: ServerConnection, _ server: HTTPServer, hasBody: Bool) -> OpaquePointer? {
        guard hasBody else {
            end(.finished)
            let response = MHD_create_response_from_callback(UInt64.max, 1, onRead, nil, nil)
            cmhd_end_after(response)
            return response
        }
        self.connection = connection
        self.peer = peer
        self.server = server
        account()
        // The daemon does not watch a suspended connection. This poll notices when the client goes.
        poll = try? PollHandle(descriptor: peer.descriptor)
        poll?.watch(.disconnected) { [unowned self] _ in end(.gone) }
        let context = Unmanaged.passRetained(self).toOpaque()
        return MHD_create_response_from_callback(UInt64.max, 4096, onRead, context, onRelease)
    }

    /// Copies waiting bytes into the daemon's buffer. If there are none, the connection is suspended until there are.
    fileprivate func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if outcome == .gone || outcome == .tooSlow { return cmhd_stream_failed() }
        let count = min(buffer.count, waiting.count - taken)
        if count > 0 {
            waiting.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[taken..<(taken + count)])) }
            taken += count
            if taken == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                taken = 0
            }
            // The deadline starts again with every piece that the client has made room for.
            peer?.progress()
            account()
            return count
        }
        guard isOpen, let connection else { return cmhd_stream_ended() }
        isSuspended = true
        MHD_suspend_connection(connection)
        return 0
    }

    /// Ends the stream; the first reason counts. A client that has gone or is too slow is cut off. Any other client gets the waiting bytes.
    func end(_ how: End) {
        guard isOpen else { return }
        outcome = how
        timer.stop()
        if how == .gone || how == .tooSlow {
            waiting = []
            taken = 0
            peer?.cut()
        }
        account()
        wake()
        server?.router.onStreamEnd?(how == .tooSlow)
        tellOnce()
    }

    /// The deadline of the stage has passed. If bytes are waiting, the client is too slow. If nothing is to be sent, the deadline means nothing.
    func expire() {
        guard !isSuspended else { return }
        if isOpen { end(.tooSlow) } else { peer?.cut() }
    }

    /// The bytes that the client has not taken.
    var queuedBytes: Int { waiting.count - taken }

    private func account() {
        guard let server else { return }
        server.queuedBytes += queuedBytes - accounted
        accounted = queuedBytes
    }

    /// The daemon has forgotten the request and closes the descriptor next.
    func connectionEnded() {
        poll?.close()
        poll = nil
        connection = nil
        end(.gone)
        waiting = []
        taken = 0
        account()
        peer = nil
        server = nil
    }

    private func wake() {
        guard isSuspended, let connection else { return }
        isSuspended = false
        MHD_resume_connection(connection)
        server?.needsRun = true
        peer?.enter(.streaming)
    }

    private func tellOnce() {
        guard let outcome, let onEnd else { return }
        self.onEnd = nil
        onEnd(outcome)
    }

    private func armKeepAlive() {
        guard let keepAlive else { return }
        timer.start(after: keepAlive.interval) { [weak self] in self?.write(keepAlive.text) }
    }
}

private func onRead(_ context: UnsafeMutableRawPointer?, _: UInt64, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
    guard let context, let buffer else { return cmhd_stream_ended() }
    return ServiceActor.assume((context, buffer, size)) { context, buffer, size in
        Unmanaged<ResponseStream>.fromOpaque(context).takeUnretainedValue().read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
    }
}

private func onRelease(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    ServiceActor.assume(context) { Unmanaged<ResponseStream>.fromOpaque($0).release() }
}
