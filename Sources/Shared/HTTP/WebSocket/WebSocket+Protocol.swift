internal import CMicrohttpd
internal import CWslay
internal import EventLoop
internal import Glibc

// The protocol engine calls back always within `pump`.

extension WebSocket {
    /// What a read has found.
    enum Reading {
        case bytes(Int)
        case nothing
        /// The end of the connection.
        case ended
    }

    /// How many bytes are read in one go, so that a flooding client leaves time for the others.
    private static let readLimit = 16 * 1024
    /// A close frame with code 1002, for violations that the engine would close without a code.
    private static let protocolErrorFrame: [UInt8] = [0x88, 0x02, 0x03, 0xEA]

    func borrowEngine() -> FrameEngine {
        if let engine { return engine }
        let borrowed = server.sockets.engine(server.options.webSocket)
        borrowed.socket = self
        engine = borrowed
        return borrowed
    }

    /// Reads, delivers messages, writes, and decides which events to watch for. The user's callbacks run while the engine is at rest.
    func pump(reading: Bool) {
        guard !isPumping, state == .open || state == .closing else { return }
        isPumping = true
        defer {
            isPumping = false
            account()
        }
        readBudget = Self.readLimit
        let engine = borrowEngine()
        let isBroken = reading && !engine.receive()
        // Messages that came before the end still count.
        let messages = arrived
        arrived = []
        for message in messages { deliver(message) }
        if isFlooding, let limit = server.options.webSocket.messagesPerSecond { refuseFlood(limit) }
        if engine.isTooBig {
            // The payload is not awaited. What the client said before it has been answered.
            engine.stopReading()
            close(code: .messageTooBig)
        }
        guard state == .open || state == .closing else { return }
        if hasEnded { return finish() }
        if isBroken { return failProtocol() }
        guard transmit() else { return finish() }
        settle(engine)
    }

    /// The engine has given up on the client's frames without a close code. Its own close frame, which has no code, is not sent.
    private func failProtocol() {
        stopBeingOpen(.protocolError)
        if unsent.isEmpty { cmhd_send(descriptor, Self.protocolErrorFrame, Self.protocolErrorFrame.count) }
        linger()
    }

    /// The client's owner may say so in a message of its own, which goes before the close frame.
    private func refuseFlood(_ limit: Int) {
        guard state == .open else { return }
        server.router.onLimit?(.socketMessages)
        onTooManyMessages?(limit)
        close(code: .policyViolation, reason: "more than \(limit) messages in a second")
    }

    private func settle(_ engine: FrameEngine) {
        let wantsRead = engine.wantsRead
        if let code = engine.closeReceived {
            stopBeingOpen(code)
        } else if engine.hasSentClose || !wantsRead {
            // The engine closes by itself when the client breaks the protocol.
            stopBeingOpen(engine.closeSent)
        }
        if unsent.isEmpty && (engine.hasSentClose || (!wantsRead && !engine.wantsWrite)) { return linger() }
        watch(reading: wantsRead, writing: !unsent.isEmpty)
        if state == .open && waiting.count + engine.queued > 2 * server.options.webSocket.queuedMessages { return finish(.policyViolation) }
        if engine.isAtRest {
            self.engine = nil
            server.sockets.giveBack(engine)
        }
    }

    // MARK: Calls of the engine

    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Reading {
        guard readBudget > 0 else { return .nothing }
        var count = min(early.count, buffer.count)
        if count > 0 {
            buffer.copyBytes(from: early.prefix(count))
            early.removeFirst(count)
        } else {
            count = recv(descriptor, buffer.baseAddress, min(buffer.count, readBudget), 0)
            if count < 0 && (errno == EAGAIN || errno == EINTR) { return .nothing }
        }
        guard count > 0 else {
            hasEnded = true
            return .ended
        }
        readBudget -= count
        heardFrom = server.sockets.tick
        return .bytes(count)
    }

    func begin(_ frame: wslay_event_on_frame_recv_start_arg) {
        if frames.isOver(server.options.webSocket.framesPerSecond) { closeAtOnce(.policyViolation, "too many frames") }
        if frame.opcode == UInt8(WSLAY_BINARY_FRAME.rawValue) { closeAtOnce(.unsupportedData, "text messages only") }
        // The engine would answer a close frame of one byte with an empty close frame.
        if frame.opcode == UInt8(WSLAY_CONNECTION_CLOSE.rawValue) && frame.payload_length == 1 { closeAtOnce(.protocolError, "") }
    }

    func take(_ text: String) {
        if let limit = server.options.webSocket.messagesPerSecond, !isFlooding { isFlooding = messages.isOver(limit) }
        // What is over the limit starts no work.
        if !isFlooding { arrived.append(text) }
    }
}
