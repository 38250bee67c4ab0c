internal import EventLoop
internal import Glibc
internal import HTTP
internal import Orders

extension Case {
    /// A text message to one socket, from the call to the bytes that the kernel takes. 32 messages are sent in each turn of the loop.
    static let socket = Case(name: "socket") { count in
        let text = try Sample().fold().events[2].text
        let opened = Promise<WebSocket>()
        let router = HTTPRouter()
        router.webSocket("/") { _, _, socket in
            opened.succeed(socket)
            await socket.closed()
        }
        let server = HTTPServer(bind: "127.0.0.1", router: router)
        try server.start()
        let client = try SocketClient(port: server.port)
        try client.upgrade()
        let socket = try await opened.value(within: .seconds(60))
        for start in stride(from: 0, to: count, by: 32) {
            for _ in start..<min(start + 32, count) { guard socket.send(text: text) else { throw CaseError("the socket takes no more") } }
            // The loop sends before it waits.
            try await sleep(for: .milliseconds(1))
            client.drain()
        }
        client.close()
        await server.stop(within: .seconds(1))
    }
}

/// The other end of the socket. It never waits, and reads only as many bytes as are there.
private final class SocketClient {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)

    init(port: UInt16) throws {
        descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafeBytes(of: &address) {
            connect(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) == 0
        }
        guard isConnected else { throw CaseError("no connection to the own server") }
    }

    func upgrade() throws {
        let request =
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        guard send(descriptor, request, request.utf8.count, 0) == request.utf8.count else { throw CaseError("the request was not sent") }
    }

    /// Drops what has come.
    func drain() { while recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)) > 0 {} }

    func close() { Glibc.close(descriptor) }
}
