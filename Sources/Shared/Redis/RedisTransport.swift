internal import CHiredis
internal import EventLoop

/// A connection of hiredis on the loop: one context, one descriptor, from connecting to the end. It cannot be opened again.
///
/// It keeps itself alive until hiredis has let go of the context and all callbacks have run.
@ServiceActor
final class RedisTransport {
    private var context: UnsafeMutablePointer<redisAsyncContext>?
    private var poll: PollHandle?
    private var flushHook: Int?
    private var needsFlush = false
    private var isWriting = false
    /// Whether the connection has been established; stays true after its end.
    private(set) var isConnected = false
    private var isEnded = false
    private var failure = RedisError.closed
    private let endpoint: String

    /// Succeeds when the connection is established. Fails if that is not possible, or if `close` comes first.
    let opened = Promise<Void>()
    /// Called when bytes, or the end of the stream, are about to be read.
    var onReceive: (@ServiceActor () -> Void)?
    /// Called once, after all other callbacks.
    var onEnd: (@ServiceActor (RedisError) -> Void)?

    /// Starts to connect to a numeric address. Messages show `endpoint` instead.
    init(address: String, port: UInt16, endpoint: String) throws(RedisError) {
        self.endpoint = endpoint
        guard let context = chiredis_connect(address, Int32(port)) else { throw RedisError(.unavailable, "out of memory") }
        do {
            let error = String(cString: chiredis_error(context))
            guard error.isEmpty else { throw RedisError(.unavailable, "cannot reach Redis at \(endpoint): \(error)") }
            poll = try PollHandle(descriptor: chiredis_descriptor(context))
        } catch {
            redisAsyncFree(context)
            throw RedisError(waiting: error)
        }
        self.context = context
        attach(context)
    }

    /// Queues an encoded command. All commands that are queued in one turn of the loop leave in one write. Returns false if the connection has ended.
    func send(_ bytes: UnsafeBufferPointer<UInt8>, _ callback: chiredis_reply_callback, _ owner: UnsafeMutableRawPointer) -> Bool {
        guard let context else { return false }
        return bytes.withMemoryRebound(to: CChar.self) {
            redisAsyncFormattedCommand(context, callback, owner, $0.baseAddress, $0.count) == REDIS_OK
        }
    }

    /// Ends the connection at once. Must not be called inside hiredis' callback that connected it; so `opened` is a promise.
    func close() {
        guard let context else { return }
        // Tells `cleanUp` that this side ended the connection. hiredis then reports no error, or an old one.
        self.context = nil
        redisAsyncFree(context)
    }

    private func attach(_ context: UnsafeMutablePointer<redisAsyncContext>) {
        let hooks = chiredis_hooks(
            add_read: { withTransport($0) { $0.want(.readable) } },
            del_read: { withTransport($0) { $0.dismiss(.readable) } },
            add_write: { withTransport($0) { $0.wantWrite() } },
            del_write: { withTransport($0) { $0.dismissWrite() } },
            cleanup: { withTransport($0) { $0.cleanUp() } },
            connected: { context, status in
                withTransport(chiredis_owner(context!)) { $0.connected(status == REDIS_OK) }
            })
        chiredis_attach(context, Unmanaged.passRetained(self).toOpaque(), hooks)
    }
}

// MARK: Requests of hiredis

extension RedisTransport {
    private func want(_ events: PollHandle.Events) {
        guard let poll else { return }
        // The handle does not outlive the transport.
        poll.watch(poll.events.union(events)) { [unowned self] in ready($0) }
    }

    private func dismiss(_ events: PollHandle.Events) { poll.map { $0.update($0.events.subtracting(events)) } }

    /// Before the connection is established, and when the socket is full, the poll says when to write. Otherwise there is one write before the loop
    /// blocks.
    private func wantWrite() { if isConnected && !isWriting { needsFlush = true } else { want(.writable) } }

    private func dismissWrite() {
        needsFlush = false
        dismiss(.writable)
    }

    private func connected(_ succeeded: Bool) {
        guard succeeded else {
            // The context lives until `cleanUp`, but its error text is only available now.
            failure = RedisError(.unavailable, "cannot reach Redis at \(endpoint): \(words)")
            return
        }
        isConnected = true
        flushHook = Loop.shared.beforeBlocking { [unowned self] in
            if needsFlush, let poll, !poll.events.contains(.writable) { write() }
        }
        opened.succeed(())
    }

    /// Some versions of hiredis call this more than once, and some before the last callbacks of commands. So the end is a job of its own.
    private func cleanUp() {
        guard !isEnded else { return }
        isEnded = true
        if let context, isConnected { failure = reason(of: context) }
        context = nil
        // hiredis closes the descriptor right after this.
        poll?.close()
        poll = nil
        flushHook.map { Loop.shared.removeBeforeBlocking($0) }
        flushHook = nil
        Loop.spawn { self.finish() }
    }

    private func finish() {
        opened.fail(failure)
        onEnd?(failure)
        onEnd = nil
        onReceive = nil
        Unmanaged.passUnretained(self).release()
    }

    private func reason(of context: UnsafePointer<redisAsyncContext>) -> RedisError {
        // An error that is no answer to a command: too many clients, or no right to a channel.
        if chiredis_is_error_reply(context) {
            let answer = RedisError(reply: words)
            return RedisError(answer.code, "Redis at \(endpoint): \(answer.message)", words: answer.words)
        }
        let violation = chiredis_is_protocol_error(context)
        return RedisError(violation ? .protocolViolation : .connectionLost, "the connection to Redis at \(endpoint) ended: \(words)")
    }

    private var words: String {
        let text = context.map { String(cString: chiredis_error($0)) } ?? ""
        return text.isEmpty ? "no reason given" : text
    }
}

// MARK: Events of the loop

extension RedisTransport {
    private func ready(_ events: PollHandle.Events) {
        if events.contains(.readable), let context {
            onReceive?()
            redisAsyncHandleRead(context)
        }
        // Reading may have ended the connection.
        if events.contains(.writable) { write() }
    }

    private func write() {
        guard let context else { return }
        isWriting = true
        redisAsyncHandleWrite(context)
        isWriting = false
    }
}

private func withTransport(_ owner: UnsafeMutableRawPointer?, _ body: @ServiceActor (RedisTransport) -> Void) {
    guard let owner else { return }
    ServiceActor.assume(owner) { body(Unmanaged<RedisTransport>.fromOpaque($0).takeUnretainedValue()) }
}
