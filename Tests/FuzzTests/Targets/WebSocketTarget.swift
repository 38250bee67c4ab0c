import Configuration
import EventLoop
import Glibc

@testable import HTTP

extension FuzzTarget {
    /// The bytes of a client of a WebSocket, after the handshake.
    static let webSocket = FuzzTarget(name: "websocket", needsLoop: true) { input in
        let options = WebSocketOptions()
        let second = SecondFrames(input, maxBytes: options.messageBytes)
        for size in [input.count, input.count / 8 + 1] {
            let told = try FuzzedSocket.exchange(input, pieces: max(1, size))
            try hold(second.texts.starts(with: told.texts) { $0.utf8.elementsEqual($1.utf8) }, "a second reader finds the same messages first")
            // What came with a violation in one read may be dropped with it.
            try hold(second.hasEnded || told.texts.count == second.texts.count, "every message is told")
            try holdFrames(told.answer[...])
        }
    }

    /// Throws if the server's bytes are not whole frames, or if one follows a close frame.
    private static func holdFrames(_ bytes: ArraySlice<UInt8>) throws(BrokenClaim) {
        var rest = bytes
        while let first = rest.popFirst() {
            guard let length = rest.popFirst(), length <= 125, rest.count >= Int(length) else {
                throw BrokenClaim(description: "the server's control frames are short and whole")
            }
            let payload = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            try hold([0x88, 0x89, 0x8A].contains(first), "the server sends control frames alone here: \(first)")
            guard first == 0x88 else { continue }
            try hold(rest.isEmpty, "nothing follows a close frame")
            let code = payload.prefix(2).reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
            try hold(payload.isEmpty || CloseCode(rawValue: code).isSendable, "a close code may be sent: \(code)")
        }
    }
}

/// One WebSocket over a pair of sockets, without a handshake.
@ServiceActor
enum FuzzedSocket {
    private static let server = HTTPServer(router: HTTPRouter())

    /// Sends bytes in pieces of a size. Returns the messages that the socket told, and the server's answer.
    static func exchange(_ bytes: [UInt8], pieces size: Int) throws(BrokenClaim) -> (texts: [String], answer: [UInt8]) {
        let pair = try SocketPair()
        defer { pair.close() }
        guard let socket = WebSocket(descriptor: pair.server, server: server, early: [], holder: (.unspecified, nil)) else {
            throw BrokenClaim(description: "a socket can be made")
        }
        var texts: [String] = []
        socket.onText = { texts.append($0) }
        for start in stride(from: 0, to: bytes.count, by: size) {
            pair.send(bytes[start..<min(start + size, bytes.count)])
            socket.pump(reading: true)
        }
        let answer = pair.receive()
        socket.finish()
        server.sockets.flush()
        return (texts, answer)
    }
}

/// Two connected sockets. Whoever gets `server` closes it.
struct SocketPair {
    let server: Int32
    private let client: Int32

    init() throws(BrokenClaim) {
        var pair: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { throw BrokenClaim(description: "there are descriptors left: \(errno)") }
        (server, client) = (pair[0], pair[1])
    }

    func send(_ bytes: ArraySlice<UInt8>) { _ = bytes.withUnsafeBytes { Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } }

    func endSending() { shutdown(client, Int32(SHUT_WR)) }

    /// What has come so far.
    func receive() -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    func close() { Glibc.close(client) }
}
