public import EventLoop

/// A bare WebSocket client that can also break the protocol on purpose.
@ServiceActor
public final class WebSocketClient {
    /// What the server has sent.
    public enum Message: Sendable, Equatable {
        /// A whole text message.
        case text(String)
        /// A ping. The client has answered it unless `answersPings` is false.
        case ping
        /// A pong.
        case pong([UInt8])
        /// A close frame. The code is 1005 if the frame has none.
        case close(code: UInt16, reason: String)
        /// The connection ended without a close frame.
        case ended
    }

    /// The connection below.
    public let connection: RawConnection
    /// The status of the answer to the handshake: 101 if it was accepted.
    public let status: Int
    /// The head of the handshake's answer.
    public let head: String
    /// The body of a refusal.
    public let body: String
    /// Whether pings are answered.
    public var answersPings = true

    /// The fields of the handshake besides `Host`, with the key of RFC 6455's example, whose answer is known.
    public static let handshake = [
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    /// Connects and waits for the answer, whatever its status.
    public init(
        port: UInt16, path: String, headers: [String] = handshake, receiveBuffer: Int32? = nil, early: [UInt8] = [],
        within limit: Duration = .seconds(10)
    ) async throws {
        connection = try RawConnection(port: port, receiveBuffer: receiveBuffer)
        let lines = ["GET \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)"] + headers
        try await connection.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + early)
        (head, body) = try await connection.response(within: limit)
        status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        if status == 101 && headers == Self.handshake && !head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") {
            throw TestFailure("wrong accept value in \(head)")
        }
    }

    /// Connects to a URL of the form `ws://127.0.0.1:port/path`.
    public convenience init(url: String) async throws {
        let rest = url.dropFirst("ws://".count)
        guard let slash = rest.firstIndex(of: "/"), let colon = rest.firstIndex(of: ":"), let port = UInt16(rest[..<slash][colon...].dropFirst())
        else { throw TestFailure("not a URL with a port: \(url)") }
        try await self.init(port: port, path: String(rest[slash...]))
    }

    // MARK: Sending

    /// Sends a text message.
    public func send(text: String) async throws { try await send(opcode: 1, Array(text.utf8)) }

    /// Sends a binary message.
    public func send(binary: [UInt8]) async throws { try await send(opcode: 2, binary) }

    /// Sends a ping.
    public func ping(_ payload: [UInt8] = []) async throws { try await send(opcode: 9, payload) }

    /// Sends a close frame.
    public func close(code: UInt16 = 1000) async throws { try await send(opcode: 8, [UInt8(code >> 8), UInt8(code & 0xff)]) }

    /// Sends one frame.
    public func send(opcode: UInt8, _ payload: [UInt8], final: Bool = true) async throws {
        try await connection.send(Self.frame(opcode: opcode, payload, final: final))
    }

    /// A masked frame.
    public static func frame(opcode: UInt8, _ payload: [UInt8], final: Bool = true) -> [UInt8] {
        let mask: [UInt8] = [0x37, 0xfa, 0x21, 0x3d]
        var bytes: [UInt8] = [opcode | (final ? 0x80 : 0)]
        switch payload.count {
        case ..<126: bytes.append(0x80 | UInt8(payload.count))
        case ..<65536: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
        default: bytes += [0x80 | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }

    // MARK: Receiving

    /// The server's next frame. Throws `DeadlineExceeded`.
    public func next(within limit: Duration = .seconds(10)) async throws -> Message {
        do {
            try await connection.read(within: limit) { Self.frameLength($0) != nil }
        } catch is TestFailure {
            return .ended
        }
        let (header, total) = Self.frameLength(connection.received)!
        let frame = connection.take(total)
        let payload = Array(frame[header...])
        switch frame[0] & 0x0f {
        case 1: return .text(String(decoding: payload, as: UTF8.self))
        case 8:
            let code = payload.count < 2 ? 1005 : UInt16(payload[0]) << 8 | UInt16(payload[1])
            return .close(code: code, reason: String(decoding: payload.dropFirst(2), as: UTF8.self))
        case 9:
            if answersPings { try await send(opcode: 10, payload) }
            return .ping
        default: return .pong(payload)
        }
    }

    /// The server's next text message. Pings are skipped. Throws if anything else comes.
    public func text(within limit: Duration = .seconds(10)) async throws -> String {
        let start = MonotonicInstant.now
        while true {
            switch try await next(within: limit - start.elapsed) {
            case .text(let text): return text
            case .ping, .pong: continue
            case let other: throw TestFailure("a text message was expected, not \(other)")
            }
        }
    }

    /// The code of the server's close frame, whatever comes before it. 1006 if the connection ends without one.
    public func closeCode(within limit: Duration = .seconds(10)) async throws -> UInt16 {
        let start = MonotonicInstant.now
        while true {
            switch try await next(within: limit - start.elapsed) {
            case .close(let code, _): return code
            case .ended: return 1006
            case .text, .ping, .pong: continue
            }
        }
    }

    /// The length of the first frame's header and of the whole frame. Nil until the frame has arrived.
    private static func frameLength(_ bytes: [UInt8]) -> (header: Int, total: Int)? {
        guard bytes.count >= 2 else { return nil }
        let short = Int(bytes[1] & 0x7f)
        let extra = short == 126 ? 2 : short == 127 ? 8 : 0
        guard bytes.count >= 2 + extra else { return nil }
        let size = extra == 0 ? short : bytes[2..<(2 + extra)].reduce(0) { $0 << 8 | Int($1) }
        return bytes.count >= 2 + extra + size ? (2 + extra, 2 + extra + size) : nil
    }
}
