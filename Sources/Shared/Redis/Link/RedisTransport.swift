internal import CHiredis
internal import EventLoop

/// A connection on the loop: a socket, TLS on it if it is wanted, and hiredis' parser. It cannot be opened again.
@ServiceActor
final class RedisTransport {
    /// So much is read at once: as much as a record of TLS has. After each reply the parser moves all that is left to the front of its buffer.
    private static let roomSize = 16 * 1024
    /// A buffer for writing that is larger than this is given back once it is empty.
    private static let keptSize = 64 * 1024
    /// For what is read from any socket, and what TLS makes of it. There is one thread.
    private static let (received, decrypted) = (makeRoom(), makeRoom())

    private let socket: RedisSocket
    private let tls: TLSSession?
    private let parser: UnsafeMutablePointer<redisReader>
    private let endpoint: String
    /// Commands that were queued in this turn of the loop.
    private var queued: [UInt8] = []
    /// Bytes for the socket, of which so many are sent.
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var flushHook: Int?
    private var isEnded = false
    /// Whether the connection has been established; stays true after its end.
    private(set) var isConnected = false

    /// Succeeds when the connection is established. Fails if that is not possible, or if `close` comes first.
    let opened = Promise<Void>()
    /// Called when bytes, or the end of the stream, are about to be read.
    var onReceive: (@ServiceActor () -> Void)?
    /// Called with each reply, which is freed afterwards.
    var onReply: (@ServiceActor (UnsafePointer<redisReply>) -> Void)?
    /// Called once, after all other calls, unless `close` ends the connection.
    var onEnd: (@ServiceActor (RedisError) -> Void)?

    /// Starts to connect. Messages call the server `endpoint`.
    init(to destination: RedisSocket.Destination, tls: TLSSession?, endpoint: String) throws(RedisError) {
        guard let parser = chiredis_reader_make() else { throw RedisError(.unavailable, "out of memory") }
        do throws(RedisSocket.Failure) {
            socket = try RedisSocket(to: destination)
        } catch {
            redisReaderFree(parser)
            throw RedisError(.unavailable, "cannot reach Redis at \(endpoint): \(error.words)")
        }
        (self.parser, self.tls, self.endpoint) = (parser, tls, endpoint)
        // The handle does not outlive the transport.
        socket.poll.watch(.writable) { [unowned self] in ready($0) }
    }

    isolated deinit {
        close()
        redisReaderFree(parser)
    }

    /// Queues an encoded command. All commands that are queued in one turn of the loop leave in one write. Returns false if the connection has ended.
    func send(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !isEnded else { return false }
        queued.append(contentsOf: bytes)
        return true
    }

    /// Ends the connection at once. `onEnd` is not called then.
    func close() {
        guard !isEnded else { return }
        if let tls, isConnected {
            tls.finish()
            tls.give(to: &outgoing, through: Self.received)
            // The server is told as far as there is room. What was queued stays unsent.
            if sent < outgoing.count { _ = try? writeOnce() }
        }
        leave()
        opened.fail(RedisError.closed)
        onEnd = nil
    }

    private func leave() {
        isEnded = true
        socket.close()
        flushHook.map { Loop.shared.removeBeforeBlocking($0) }
        flushHook = nil
        (onReceive, onReply) = (nil, nil)
    }

    private func fail(_ error: RedisError) {
        guard !isEnded else { return }
        leave()
        let onEnd = onEnd
        self.onEnd = nil
        opened.fail(error)
        // Who ends has callers, and these may be in the middle of something.
        Loop.spawn { withExtendedLifetime(self) { onEnd?(error) } }
    }

    private func fail(_ failure: RedisSocket.Failure) {
        let code: RedisError.Code = isConnected ? .connectionLost : .unavailable
        fail(RedisError(code, isConnected ? "the connection to Redis at \(endpoint) ended: \(failure.words)" : unreachable(failure.words)))
    }

    private func fail(tls error: RedisError) {
        fail(RedisError(error.code, isConnected ? "the connection to Redis at \(endpoint) ended: \(error.message)" : unreachable(error.message)))
    }

    private func unreachable(_ reason: String) -> String { "cannot reach Redis at \(endpoint): \(reason)" }

    private static func makeRoom() -> UnsafeMutableRawBufferPointer { .allocate(byteCount: roomSize, alignment: 16) }
}

// MARK: Connecting

extension RedisTransport {
    private func ready(_ events: PollHandle.Events) {
        if flushHook == nil { return begin() }
        if events.contains(.readable) { receive() }
        // Reading may have ended the connection.
        if events.contains(.writable), !isEnded { write() }
    }

    /// The socket is connected, or cannot be.
    private func begin() {
        do throws(RedisSocket.Failure) { try socket.connected() } catch { return fail(error) }
        socket.poll.update(.readable)
        // A hook may end another connection whose own hook is still to be called in this turn.
        flushHook = Loop.shared.beforeBlocking { [weak self] in self?.flush() }
        if tls == nil { establish() } else { shakeHands() }
    }

    private func shakeHands() {
        guard let tls else { return }
        do throws(RedisError) { try tls.shakeHands() } catch {
            // What is wrong is told to the server as well.
            answer(tls)
            return fail(tls: error)
        }
        answer(tls)
        if tls.isEstablished, !isEnded { establish() }
    }

    private func establish() {
        isConnected = true
        opened.succeed(())
    }
}

// MARK: Reading

extension RedisTransport {
    private func receive() {
        onReceive?()
        do throws(RedisSocket.Failure) {
            let count = try socket.read(Self.received)
            let bytes = UnsafeRawBufferPointer(rebasing: Self.received.prefix(count))
            if tls == nil { parse(bytes) } else { decrypt(bytes) }
        } catch {
            if case .wouldBlock = error { return }
            fail(error)
        }
    }

    private func decrypt(_ bytes: UnsafeRawBufferPointer) {
        guard let tls else { return }
        do throws(RedisError) {
            try tls.take(bytes)
            if !tls.isEstablished { shakeHands() }
            while tls.isEstablished, !isEnded {
                guard let count = try tls.read(Self.decrypted) else { return fail(RedisSocket.Failure.ended) }
                guard count > 0 else { break }
                parse(UnsafeRawBufferPointer(rebasing: Self.decrypted.prefix(count)))
            }
            if !isEnded { answer(tls) }
        } catch {
            fail(tls: error)
        }
    }

    /// Sends what TLS itself has to say, such as a new key.
    private func answer(_ tls: TLSSession) {
        tls.give(to: &outgoing, through: Self.decrypted)
        if sent < outgoing.count { write() }
    }

    /// Hands on each reply that has become whole.
    private func parse(_ bytes: UnsafeRawBufferPointer) {
        guard chiredis_feed(parser, bytes.baseAddress, bytes.count) else { return failParsing() }
        while !isEnded {
            var reply: UnsafeMutablePointer<redisReply>?
            guard chiredis_next(parser, &reply) else { return failParsing() }
            guard let reply else { return }
            onReply?(reply)
            freeReplyObject(reply)
        }
    }

    private func failParsing() {
        let words = String(cString: chiredis_reader_error(parser))
        fail(RedisError(.protocolViolation, "the connection to Redis at \(endpoint) ended: \(words)"))
    }
}

// MARK: Writing

extension RedisTransport {
    /// Writes what was queued in this turn of the loop. When the socket is full, the poll says when to go on.
    private func flush() {
        guard isConnected, !queued.isEmpty, !socket.poll.events.contains(.writable) else { return }
        write()
    }

    private func write() {
        do throws(RedisError) { try encrypt() } catch { return fail(tls: error) }
        do throws(RedisSocket.Failure) {
            while sent < outgoing.count { sent += try writeOnce() }
            outgoing.removeAll(keepingCapacity: outgoing.capacity <= Self.keptSize)
            sent = 0
            socket.poll.update(.readable)
        } catch {
            if case .wouldBlock = error { return socket.poll.update([.readable, .writable]) }
            // A server that has closed may have said why before.
            receive()
            fail(error)
        }
    }

    /// Moves the queued commands to the bytes for the socket.
    private func encrypt() throws(RedisError) {
        guard isConnected, !queued.isEmpty else { return }
        // On a link that is never drained the bytes that are sent must not stay.
        if sent > Self.keptSize {
            outgoing.removeFirst(sent)
            sent = 0
        }
        if let tls {
            try queued.withUnsafeBufferPointer { bytes throws(RedisError) in try tls.write(UnsafeRawBufferPointer(bytes)) }
            tls.give(to: &outgoing, through: Self.decrypted)
        } else if outgoing.isEmpty {
            swap(&queued, &outgoing)
        } else {
            outgoing += queued
        }
        queued.removeAll(keepingCapacity: queued.capacity <= Self.keptSize)
    }

    private func writeOnce() throws(RedisSocket.Failure) -> Int {
        try outgoing.withUnsafeBufferPointer { bytes throws(RedisSocket.Failure) in
            try socket.write(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[sent...])))
        }
    }
}
