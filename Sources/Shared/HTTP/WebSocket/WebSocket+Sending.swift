internal import CMicrohttpd
internal import CWslay
internal import Glibc

extension WebSocket {
    /// Frames are gathered up to this many bytes for one write.
    private static let batch = 16 * 1024

    /// Queues a text message. It is sent before the loop blocks. Returns false if the socket is closed, or if this call closes it with 4408 because
    /// the client reads too slowly.
    @discardableResult
    public func send(text: String) -> Bool {
        var text = text
        return text.withUTF8 { send($0) }
    }

    /// Queues a text message given as UTF-8, for a message that goes to many sockets. The caller guarantees that it is valid UTF-8.
    @discardableResult
    public func send(utf8: [UInt8]) -> Bool { utf8.withUnsafeBufferPointer { send($0) } }

    /// How many bytes wait to be sent. Not all frame headers are counted.
    public var bufferedBytes: Int { unsent.count + (context.map { wslay_event_get_queued_msg_length($0) } ?? 0) }

    private func send(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard state == .open else { return false }
        if !hasRoom(bytes.count) {
            // Perhaps the client is not slow, and only this turn has queued much.
            guard transmit() else {
                finish()
                return false
            }
            guard hasRoom(bytes.count) else {
                closeAtOnce(.tooSlow, "too slow: resume from the last message")
                return false
            }
        }
        // The engine refuses after the client's close frame has come.
        guard queue(WSLAY_TEXT_FRAME, bytes) else { return false }
        flushLater()
        return true
    }

    private func hasRoom(_ count: Int) -> Bool {
        guard let context else { return false }
        let options = server.options.webSocket
        return wslay_event_get_queued_msg_count(context) < options.queuedMessages && bufferedBytes + count <= options.queuedBytes
    }

    private func queue(_ kind: wslay_opcode, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var message = wslay_event_msg(opcode: UInt8(kind.rawValue), msg: bytes.baseAddress, msg_length: bytes.count)
        return wslay_event_queue_msg(context, &message) == 0
    }

    func ping(_ now: Int) {
        pinged = now
        _ = queue(WSLAY_PING, UnsafeBufferPointer(start: nil, count: 0))
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
        while true {
            if !unsent.isEmpty {
                guard let count = write(unsent) else { return false }
                unsent.removeFirst(count)
                if !unsent.isEmpty { return true }
            }
            registry.scratch.removeAll(keepingCapacity: true)
            if let farewell, wslay_event_get_queued_msg_count(context) == 0 {
                self.farewell = nil
                wslay_event_queue_close(context, farewell.code.rawValue, farewell.reason, farewell.reason.utf8.count)
            }
            guard wslay_event_send(context) == 0 else { return false }
            if registry.scratch.isEmpty { return true }
            guard let count = write(registry.scratch) else { return false }
            if count < registry.scratch.count { unsent = Array(registry.scratch[count...]) }
        }
    }

    /// How many bytes the kernel took; nil if the connection is broken.
    private func write(_ bytes: [UInt8]) -> Int? {
        let count = cmhd_send(descriptor, bytes, bytes.count)
        if count < 0 && errno != EAGAIN && errno != EINTR { return nil }
        if count == bytes.count {
            stalledSince = nil
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
