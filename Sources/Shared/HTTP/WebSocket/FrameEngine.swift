internal import CWslay
internal import EventLoop

/// The protocol engine (wslay): parses a client's bytes, and makes frames of messages. It does no I/O, but calls its socket back for bytes to read,
/// with bytes to write, and with whole messages.
///
/// An engine takes 9 KB, most of it for buffers. So a socket has one only while half a frame has come, or while frames wait for its client. At rest
/// all engines are the same, and the sockets share them.
@ServiceActor
final class FrameEngine {
    /// The bytes of the mask that each frame of a client has.
    private static let maskBytes = 4

    /// The socket that uses the engine.
    unowned var socket: WebSocket?
    private var context: wslay_event_context_ptr?
    /// Bytes that were read and belong to no frame that has ended.
    private var unfinishedBytes = 0
    /// The length of the frame that is being read, with its header.
    private var frameBytes = 0
    /// Whether the client has sent a part of a message and not the last one.
    private var isInsideMessage = false
    private var scanner = FrameScanner()
    /// Whether a header has come that announces too long a message. Nothing is read after it.
    private(set) var isTooBig = false
    private let messageBytes: UInt64

    init(messageBytes: Int) {
        self.messageBytes = UInt64(messageBytes)
        var callbacks = wslay_event_callbacks()
        callbacks.recv_callback = onReceive
        callbacks.send_callback = onSend
        callbacks.on_frame_recv_start_callback = onFrame
        callbacks.on_frame_recv_end_callback = onFrameEnd
        callbacks.on_msg_recv_callback = onMessage
        wslay_event_context_server_init(&context, &callbacks, Unmanaged.passUnretained(self).toOpaque())
        wslay_event_config_set_max_recv_msg_length(context, UInt64(messageBytes))
    }

    isolated deinit { wslay_event_context_free(context) }

    /// Whether the engine remembers nothing of its socket.
    var isAtRest: Bool {
        unfinishedBytes == 0 && !isInsideMessage && queued == 0
            && wslay_event_get_read_enabled(context) != 0 && wslay_event_get_write_enabled(context) != 0
    }

    /// Whether the client's frames are still read. They are not after its close frame, nor after a violation of the protocol.
    var wantsRead: Bool { wslay_event_want_read(context) != 0 }

    var wantsWrite: Bool { wslay_event_want_write(context) != 0 }

    /// The number of messages and control frames that wait.
    var queued: Int { wslay_event_get_queued_msg_count(context) }

    /// The length of the messages that wait, without the headers.
    var queuedBytes: Int { wslay_event_get_queued_msg_length(context) }

    /// The code of the client's close frame; nil if none has come.
    var closeReceived: CloseCode? {
        guard wslay_event_get_close_received(context) != 0 else { return nil }
        let code = wslay_event_get_status_code_received(context)
        return code == 0 ? .noStatus : CloseCode(rawValue: code)
    }

    var hasSentClose: Bool { wslay_event_get_close_sent(context) != 0 }

    /// The code of the close frame that was sent.
    var closeSent: CloseCode { CloseCode(rawValue: wslay_event_get_status_code_sent(context)) }

    /// Reads until there are no more bytes. Returns false if the client's bytes are no frames, or if the connection has ended.
    func receive() -> Bool { !wantsRead || wslay_event_recv(context) == 0 }

    func stopReading() { wslay_event_shutdown_read(context) }

    /// Writes until nothing waits or no more bytes are taken. Returns false if it cannot go on.
    func send() -> Bool { wslay_event_send(context) == 0 }

    /// Queues a message. Returns false if a close frame is queued or sent.
    func queue(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { queue(WSLAY_TEXT_FRAME, $0) }
    }

    func queuePing() { _ = queue(WSLAY_PING, UnsafeBufferPointer(start: nil, count: 0)) }

    /// Queues a close frame, which is sent before the queued messages.
    func queueClose(_ code: CloseCode, _ reason: String) { wslay_event_queue_close(context, code.rawValue, reason, reason.utf8.count) }

    private func queue(_ kind: wslay_opcode, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var message = wslay_event_msg(opcode: UInt8(kind.rawValue), msg: bytes.baseAddress, msg_length: bytes.count)
        return wslay_event_queue_msg(context, &message) == 0
    }

    // MARK: Callbacks

    fileprivate func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        if isTooBig { return fail(WSLAY_ERR_WOULDBLOCK) }
        switch socket?.read(buffer) ?? .ended {
        case .bytes(var count):
            if let end = scanner.scan(UnsafeRawBufferPointer(rebasing: buffer[..<count]), limit: messageBytes) {
                isTooBig = true
                // The engine gets what came before.
                count = end
            }
            unfinishedBytes += count
            return count > 0 ? count : fail(WSLAY_ERR_WOULDBLOCK)
        case .nothing: return fail(WSLAY_ERR_WOULDBLOCK)
        case .ended: return fail(WSLAY_ERR_CALLBACK_FAILURE)
        }
    }

    fileprivate func write(_ bytes: UnsafeRawBufferPointer, more: Bool) -> Int {
        socket?.gather(bytes, more: more) == true ? bytes.count : fail(WSLAY_ERR_WOULDBLOCK)
    }

    private func fail(_ error: wslay_error) -> Int {
        wslay_event_set_error(context, Int32(error.rawValue))
        return -1
    }

    fileprivate func begin(_ frame: wslay_event_on_frame_recv_start_arg) {
        let size = Int(frame.payload_length)
        frameBytes = (size < 126 ? 2 : size < 1 << 16 ? 4 : 10) + Self.maskBytes + size
        let isControl = frame.opcode >= UInt8(WSLAY_CONNECTION_CLOSE.rawValue)
        if !isControl { isInsideMessage = frame.fin == 0 }
        socket?.begin(frame)
    }

    fileprivate func end() { unfinishedBytes -= frameBytes }

    fileprivate func take(_ message: wslay_event_on_msg_recv_arg) {
        guard message.opcode == UInt8(WSLAY_TEXT_FRAME.rawValue) else { return }
        socket?.take(String(decoding: UnsafeBufferPointer(start: message.msg, count: message.msg_length), as: UTF8.self))
    }
}

private func engine(_ context: UnsafeMutableRawPointer) -> FrameEngine { Unmanaged<FrameEngine>.fromOpaque(context).takeUnretainedValue() }

private func onReceive(
    _: wslay_event_context_ptr?, _ buffer: UnsafeMutablePointer<UInt8>?, _ length: Int, _: Int32, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return -1 }
    return ServiceActor.assume((context, buffer, length)) { context, buffer, length in
        engine(context).read(UnsafeMutableRawBufferPointer(start: buffer, count: length))
    }
}

private func onSend(
    _: wslay_event_context_ptr?, _ data: UnsafePointer<UInt8>?, _ length: Int, _ flags: Int32, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return -1 }
    return ServiceActor.assume((context, data, length, flags)) { context, data, length, flags in
        engine(context).write(UnsafeRawBufferPointer(start: data, count: length), more: flags & Int32(WSLAY_MSG_MORE.rawValue) != 0)
    }
}

private func onFrame(
    _: wslay_event_context_ptr?, _ argument: UnsafePointer<wslay_event_on_frame_recv_start_arg>?, _ context: UnsafeMutableRawPointer?
) {
    guard let context, let frame = argument?.pointee else { return }
    ServiceActor.assume((context, frame)) { context, frame in engine(context).begin(frame) }
}

private func onFrameEnd(_: wslay_event_context_ptr?, _ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    ServiceActor.assume(context) { engine($0).end() }
}

private func onMessage(
    _: wslay_event_context_ptr?, _ argument: UnsafePointer<wslay_event_on_msg_recv_arg>?, _ context: UnsafeMutableRawPointer?
) {
    guard let context, let message = argument?.pointee else { return }
    ServiceActor.assume((context, message)) { context, message in engine(context).take(message) }
}
