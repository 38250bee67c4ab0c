internal import CMicrohttpd
internal import Glibc

extension WebSocket {
    /// Frames are gathered up to this many bytes for one write.
    private static let batch = 16 * 1024

    /// Queues a text message. It is sent before the loop blocks. Returns false if the socket is closed, or if this call closes it with 4408 because
    /// the client reads too slowly.
    @discardableResult
    public func send(text: String) -> Bool {
        guard state == .open else { return false }
        let size = text.utf8.count
        if !hasRoom(size) {
            // Perhaps the client is not slow, and only this turn has queued much.
            guard transmit() else {
                finish()
                return false
            }
            guard hasRoom(size) else {
                closeAtOnce(.tooSlow, "too slow: resume from the last message")
                return false
            }
        }
        // Nothing may follow the answer to the client's close frame.
        guard engine?.wantsRead ?? true else { return false }
        waiting.append(text)
        account()
        flushLater()
        return true
    }

    /// How many bytes wait to be sent. Not all frame headers are counted.
    public var bufferedBytes: Int { unsent.count + waiting.bytes + (engine?.queuedBytes ?? 0) }

    private func hasRoom(_ count: Int) -> Bool {
        let options = server.options.webSocket
        return waiting.count + (engine?.queued ?? 0) < options.queuedMessages && bufferedBytes + count <= options.queuedBytes
    }

    /// Closes the socket with 4408 and forgets what waits for it, to make room.
    func shed() {
        closeAtOnce(.tooSlow, "too slow: resume from the last message")
        waiting = WaitingMessages()
        account()
    }

    func ping(_ now: Int) {
        pinged = now
        isPingDue = true
        flushLater()
    }

    func flushLater() {
        guard !isFlushDue else { return }
        isFlushDue = true
        server.sockets.flushLater(self)
    }

    /// Sends the queued messages.
    func flush() {
        isFlushDue = false
        pump(reading: !early.isEmpty)
    }

    /// Moves frames to the kernel until it takes no more. Returns false if the connection is broken.
    func transmit() -> Bool {
        let registry = server.sockets
        let engine = borrowEngine()
        while true {
            if !unsent.isEmpty {
                guard let count = write(unsent) else { return false }
                unsent.removeFirst(count)
                if !unsent.isEmpty { return true }
            }
            registry.scratch.removeAll(keepingCapacity: true)
            feed(engine)
            guard engine.send() else { return false }
            if registry.scratch.isEmpty { return true }
            guard let count = write(registry.scratch) else { return false }
            if count < registry.scratch.count { unsent = Array(registry.scratch[count...]) }
        }
    }

    /// Gives the engine what is to be sent next.
    private func feed(_ engine: FrameEngine) {
        if isPingDue {
            isPingDue = false
            engine.queuePing()
        }
        while engine.queuedBytes < Self.batch, let text = waiting.popFirst() {
            // The engine takes nothing more after a close frame.
            if !engine.queue(text) { waiting = WaitingMessages() }
        }
        if let farewell, waiting.isEmpty, engine.queued == 0 {
            self.farewell = nil
            engine.queueClose(farewell.code, farewell.reason)
        }
    }

    /// How many bytes the kernel took; nil if the connection is broken.
    private func write(_ bytes: [UInt8]) -> Int? {
        let count = cmhd_send(descriptor, bytes, bytes.count)
        if count < 0 && errno != EAGAIN && errno != EINTR { return nil }
        if count == bytes.count {
            stalledSince = nil
            meter.reset()
        } else if count > 0 || stalledSince == nil {
            stalledSince = server.sockets.tick
        }
        return max(0, count)
    }

    /// Takes a frame's header or payload from the engine. A batch ends only between two frames, so that a raw close frame may follow it.
    func gather(_ bytes: UnsafeRawBufferPointer, more: Bool) -> Bool {
        let registry = server.sockets
        guard more == false || registry.scratch.count < Self.batch else { return false }
        registry.scratch.append(contentsOf: bytes)
        return true
    }
}
