internal import CWslay
internal import EventLoop
internal import Glibc

// The protocol engine (wslay) does no I/O: it calls back for bytes to read, with bytes to write, and with whole messages, always within `pump`.

extension ListenerConnection {
    /// Bytes read in one go, so that a flooding server leaves the loop to the others.
    private static let readLimit = 64 * 1024
    /// Answers to pings that may wait; only a server that does not read leaves more.
    private static let mostQueued = 256

    func makeContext() -> wslay_event_context_ptr? {
        var callbacks = wslay_event_callbacks()
        callbacks.recv_callback = onReceive
        callbacks.send_callback = onSend
        callbacks.genmask_callback = onMask
        callbacks.on_frame_recv_start_callback = onFrame
        callbacks.on_frame_recv_chunk_callback = onChunk
        callbacks.on_msg_recv_callback = onMessage
        var context: wslay_event_context_ptr?
        wslay_event_context_client_init(&context, &callbacks, Unmanaged.passUnretained(self).toOpaque())
        wslay_event_config_set_max_recv_msg_length(context, UInt64(options.messageBytes))
        return context
    }

    /// Reads, hands over, writes, and decides what to wait for. What the user is called with comes last, when the engine is at rest.
    func pump() {
        guard isOpen, let context else { return }
        readBudget = Self.readLimit
        let isBroken = wslay_event_get_read_enabled(context) != 0 && wslay_event_recv(context) != 0
        if readBudget < Self.readLimit { heard() }
        let messages = arrived
        arrived.removeAll()
        for message in messages {
            if !receive(message) { return leave(.normal) }
        }
        if let code = closeReceived(context) {
            // What the server hears of its own farewell is a courtesy.
            _ = transmit()
            return end(.closed(code))
        }
        if hasEnded { return end(.closed(.abnormal)) }
        guard !isBroken else { return leave(.protocolError) }
        guard transmit() else { return end(.closed(.abnormal)) }
        // The engine closes by itself on what breaks the protocol or a limit.
        if wslay_event_get_read_enabled(context) == 0 || wslay_event_get_close_sent(context) != 0 {
            let code = wslay_event_get_status_code_sent(context)
            return end(.closed(code == 0 ? .protocolError : CloseCode(rawValue: code)))
        }
        guard wslay_event_get_queued_msg_count(context) <= Self.mostQueued else { return end(.closed(.policyViolation)) }
        watch(writing: hasUnsent)
    }

    /// The code of the server's close frame. The engine's list of codes is older than 1012 to 1014: it takes them for a breach of the protocol.
    private func closeReceived(_ context: wslay_event_context_ptr) -> CloseCode? {
        if closePayload.count >= 2 {
            let code = CloseCode(rawValue: UInt16(closePayload[0]) << 8 | UInt16(closePayload[1]))
            if (1012...1014).contains(code.rawValue) { return code }
        }
        guard wslay_event_get_close_received(context) != 0 else { return nil }
        let code = wslay_event_get_status_code_received(context)
        return code == 0 ? .noStatus : CloseCode(rawValue: code)
    }

    fileprivate func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard readBudget > 0 else { return wouldBlock() }
        var count = min(early.count, buffer.count)
        if count > 0 {
            buffer.copyBytes(from: early.prefix(count))
            early.removeFirst(count)
        } else {
            count = recv(descriptor, buffer.baseAddress, min(buffer.count, readBudget), 0)
            if count < 0 && (errno == EAGAIN || errno == EINTR) { return wouldBlock() }
        }
        guard count > 0 else {
            hasEnded = true
            wslay_event_set_error(context, Int32(WSLAY_ERR_CALLBACK_FAILURE.rawValue))
            return -1
        }
        readBudget -= count
        return count
    }

    fileprivate func wouldBlock() -> Int {
        wslay_event_set_error(context, Int32(WSLAY_ERR_WOULDBLOCK.rawValue))
        return -1
    }

    fileprivate func begin(_ frame: wslay_event_on_frame_recv_start_arg) {
        readsClose = frame.opcode == UInt8(WSLAY_CONNECTION_CLOSE.rawValue)
    }

    fileprivate func take(_ chunk: wslay_event_on_frame_recv_chunk_arg) {
        if readsClose { closePayload += UnsafeBufferPointer(start: chunk.data, count: chunk.data_length) }
    }

    fileprivate func take(_ message: wslay_event_on_msg_recv_arg) {
        guard message.opcode == UInt8(WSLAY_TEXT_FRAME.rawValue) else { return }
        arrived.append(String(decoding: UnsafeBufferPointer(start: message.msg, count: message.msg_length), as: UTF8.self))
    }
}

private func connection(_ context: UnsafeMutableRawPointer) -> ListenerConnection {
    Unmanaged<ListenerConnection>.fromOpaque(context).takeUnretainedValue()
}

private func onReceive(
    _: wslay_event_context_ptr?, _ buffer: UnsafeMutablePointer<UInt8>?, _ length: Int, _: Int32, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return -1 }
    return ServiceActor.assume((context, buffer, length)) { context, buffer, length in
        connection(context).read(UnsafeMutableRawBufferPointer(start: buffer, count: length))
    }
}

private func onSend(
    _: wslay_event_context_ptr?, _ data: UnsafePointer<UInt8>?, _ length: Int, _: Int32, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return -1 }
    return ServiceActor.assume((context, data, length)) { context, data, length in
        connection(context).gather(UnsafeRawBufferPointer(start: data, count: length))
        return length
    }
}

private func onMask(
    _: wslay_event_context_ptr?, _ buffer: UnsafeMutablePointer<UInt8>?, _ length: Int, _: UnsafeMutableRawPointer?
) -> Int32 {
    for index in 0..<length { buffer?[index] = .random(in: .min ... .max) }
    return 0
}

private func onFrame(
    _: wslay_event_context_ptr?, _ argument: UnsafePointer<wslay_event_on_frame_recv_start_arg>?, _ context: UnsafeMutableRawPointer?
) {
    guard let context, let frame = argument?.pointee else { return }
    ServiceActor.assume((context, frame)) { context, frame in connection(context).begin(frame) }
}

private func onChunk(
    _: wslay_event_context_ptr?, _ argument: UnsafePointer<wslay_event_on_frame_recv_chunk_arg>?, _ context: UnsafeMutableRawPointer?
) {
    guard let context, let chunk = argument?.pointee else { return }
    ServiceActor.assume((context, chunk)) { context, chunk in connection(context).take(chunk) }
}

private func onMessage(
    _: wslay_event_context_ptr?, _ argument: UnsafePointer<wslay_event_on_msg_recv_arg>?, _ context: UnsafeMutableRawPointer?
) {
    guard let context, let message = argument?.pointee else { return }
    ServiceActor.assume((context, message)) { context, message in connection(context).take(message) }
}
