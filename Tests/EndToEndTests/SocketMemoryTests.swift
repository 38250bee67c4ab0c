import EventLoop
import TestSupport
import Testing

/// Sockets are idle for most of their lives, so what an idle one costs decides how many a notifier can hold.
@Suite("Socket memory", .onLoop) @ServiceActor
struct SocketMemoryTests {
    /// Twice what a socket costs in a release. It cost more than this when each one kept the buffers of its handshake and of its frames.
    private static let maxBytes = 15 * 1024
    private static let count = 600

    private let engine = Engine.current

    private func sockets(_ count: Int) async throws -> [WebSocketClient] {
        var sockets: [WebSocketClient] = []
        for _ in 0..<count { sockets.append(try await engine.socket("/v1/stream")) }
        return sockets
    }

    private func use(_ sockets: [WebSocketClient]) async throws {
        for socket in sockets {
            try await socket.send(text: #"{"op":"ping"}"#)
            #expect(try await socket.text().contains(#""op":"pong""#))
        }
    }

    @Test(.engine())
    func `A socket that was used and is idle costs a notifier at most 15 KB`() async throws {
        // What the process needs once does not count.
        let first = try await sockets(20)
        try await use(first)
        let before = engine.stack.usage(.notifier).memory
        let many = try await sockets(Self.count)
        try await use(many)
        let grown = engine.stack.usage(.notifier).memory - before
        print("measured: \(grown / Self.count) bytes for each of \(Self.count) idle sockets")
        #expect(grown <= Self.count * Self.maxBytes)
    }
}
