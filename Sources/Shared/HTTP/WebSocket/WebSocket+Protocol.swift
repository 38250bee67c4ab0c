internal import CMicrohttpd
internal import CWslay
internal import EventLoop
internal import Glibc

// The protocol engine (wslay) does no I/O. It calls back for bytes to read, with bytes to write, and with whole messages, always within `pump`.

extension WebSocket {
    /// How many bytes are read in one go, so that a flooding client leaves time for the others.
    private static let readLimit = 16 * 1024
    /// A close frame with code 1002, for violations that the engine would close without a code.
    private static let protocolErrorFrame: [UInt8] = [0x88, 0x02, 0x03, 0xEA]

    func makeContext() -> wslay_event_context_ptr? {
        var callbacks = wslay_event_callbacks()
        callbacks.recv_callback = onReceive
        callbacks.send_callback = onSend
        callbacks.on_frame_recv_start_callback = onFrame
        callbacks.on_msg_recv_callback = onMessage
        var context: wslay_event_context_ptr?
        wslay_event_context_server_init(&context, &callbacks, Unmanaged.passUnretained(self).toOpaque())
        wslay_event_config_set_max_recv_msg_length(context, UInt64(server.options.webSocket.messageBytes))
        return context
    }

    /// Reads, delivers messages, writes, and decides which events to watch for. The user's callbacks run while the engine is at rest.
    func pump(reading: Bool) {
        guard !isPumping, state == .open || state == .closing, let context else { return }
        isPumping = true
        defer { isPumping = false }
        readBudget = Self.readLimit
        let isBroken = reading && wslay_event_get_read_enabled(context) != 0 && wslay_event_recv(context) != 0
        // Messages that came before the end still count.
        let messages = arrived
        arrived.removeAll(keepingCapacity: true)
        for message in messages { deliver(message) }
        guard state == .open || state == .closing else { return }
        if hasEnded { return finish() }
        if isBroken { return failProtocol() }
        guard transmit() else { return finish() }
        settle(context)
    }

    /// The engine has given up on the client's frames without a close code. Its own close frame, which has no code, is not sent.
    private func failProtocol() {
        stopBeingOpen(.protocolError)
        if unsent.isEmpty { cmhd_send(descriptor, Self.protocolErrorFrame, Self.protocolErrorFrame.count) }
        linger()
    }

    private func settle(_ context: wslay_event_context_ptr) {
        let wantsRead = wslay_event_want_read(context) != 0
        let wantsWrite = wslay_event_want_write(context) != 0 || !unsent.isEmpty
        if wslay_event_get_close_received(context) != 0 {
            let code = wslay_event_get_status_code_received(context)
            stopBeingOpen(code == 0 ? .noStatus : CloseCode(rawValue: code))
        } else if wslay_event_get_close_sent(context) != 0 || !wantsRead {
            // The engine closes by itself when the client breaks the protocol.
            stopBeingOpen(CloseCode(rawValue: wslay_event_get_status_code_sent(context)))
        }
        if unsent.isEmpty && (wslay_event_get_close_sent(context) != 0 || (!wantsRead && !wantsWrite)) { return linger() }
        watch(reading: wantsRead, writing: !unsent.isEmpty)
        if state == .open && wslay_event_get_queued_msg_count(context) > 2 * server.options.webSocket.queuedMessages { finish(.policyViolation) }
    }

    fileprivate func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard readBudget > 0 else { return wouldBlock(forReading: true) }
        var count = min(early.count, buffer.count)
        if count > 0 {
            buffer.copyBytes(from: early.prefix(count))
            early.removeFirst(count)
        } else {
            count = recv(descriptor, buffer.baseAddress, min(buffer.count, readBudget), 0)
            if count < 0 && (errno == EAGAIN || errno == EINTR) { return wouldBlock(forReading: true) }
        }
        guard count > 0 else {
            hasEnded = true
            wslay_event_set_error(context, Int32(WSLAY_ERR_CALLBACK_FAILURE.rawValue))
            return -1
        }
        readBudget -= count
        heardFrom = server.sockets.tick
        return count
    }

    fileprivate func wouldBlock(forReading: Bool) -> Int {
        wslay_event_set_error(context, Int32(WSLAY_ERR_WOULDBLOCK.rawValue))
        return -1
    }

    fileprivate func begin(_ frame: wslay_event_on_frame_recv_start_arg) {
        frames += 1
        if frames > server.options.webSocket.framesPerSecond { closeAtOnce(.policyViolation, "too many frames") }
        if frame.opcode == UInt8(WSLAY_BINARY_FRAME.rawValue) { closeAtOnce(.unsupportedData, "text messages only") }
        // The engine would answer a close frame of one byte with an empty close frame.
        if frame.opcode == UInt8(WSLAY_CONNECTION_CLOSE.rawValue) && frame.payload_length == 1 { closeAtOnce(.protocolError, "") }
    }

    fileprivate func take(_ message: wslay_event_on_msg_recv_arg) {
        guard message.opcode == UInt8(WSLAY_TEXT_FRAME.rawValue) else { return }
        arrived.append(String(decoding: UnsafeBufferPointer(start: message.msg, count: message.msg_length), as: UTF8.self))
    }
}

private func socket(_ context: UnsafeMutableRawPointer) -> WebSocket { Unmanaged<WebSocket>.fromOpaque(context).takeUnretainedValue() }

private func onReceive(
    _: wslay_event_context_ptr?, _ buffer: UnsafeMutablePointer<UInt8>?, _ length: Int, _: Int32, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return -1 }
    return ServiceActor.assume((context, buffer, length)) { context, buffer, length in
        socket(context).read(UnsafeMutableRawBufferPointer(start: buffer, count: length))
    }
}

private func onSend(
    _: wslay_event_context_ptr?, _ data: UnsafePointer<UInt8>?, _ length: Int, _ flags: Int32, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return -1 }
    return ServiceActor.assume((context, data, length, flags)) { context, data, length, flags in
        let more = flags & Int32(WSLAY_MSG_MORE.rawValue) != 0
        let socket = socket(context)
        let isTaken = socket.gather(UnsafeRawBufferPointer(start: data, count: length), more: more)
        return isTaken ? length : socket.wouldBlock(forReading: false)
    }
}

private func onFrame(
    _: wslay_event_context_ptr?, _ argument: UnsafePointer<wslay_event_on_frame_recv_start_arg>?, _ context: UnsafeMutableRawPointer?
) {
    guard let context, let frame = argument?.pointee else { return }
    ServiceActor.assume((context, frame)) { context, frame in socket(context).begin(frame) }
}

private func onMessage(
    _: wslay_event_context_ptr?, _ argument: UnsafePointer<wslay_event_on_msg_recv_arg>?, _ context: UnsafeMutableRawPointer?
) {
    guard let context, let message = argument?.pointee else { return }
    ServiceActor.assume((context, message)) { context, message in socket(context).take(message) }
}
