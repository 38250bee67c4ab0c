import EventLoop
import HTTP
import TestSupport
import Testing

/// WebSocket clients that send too much, announce too much, or let too much wait.
@Suite(.onLoop) @ServiceActor
struct FloodTests {
    private func withSockets(
        _ change: (inout HTTPServerOptions) -> Void, _ body: (HTTPServer, @ServiceActor () -> [HTTPServerLimit]) async throws -> Void
    ) async throws {
        let routes: (HTTPRouter) -> Void = {
            $0.webSocket("/echo") { _, _, socket in
                socket.onText = { socket.send(text: $0) }
                socket.onTooManyMessages = { socket.send(text: "at most \($0)") }
            }
        }
        try await withServer(routes, options: change) { server in
            var limits: [HTTPServerLimit] = []
            server.router.onLimit = { limits.append($0) }
            try await body(server) { limits }
        }
    }

    // MARK: Messages a second

    @Test func `messages over the limit start no work: the client is told, and closed with 1008`() async throws {
        try await withSockets({ $0.webSocket.messagesPerSecond = 50 }) { server, limits in
            let client = try await WebSocketClient(port: server.port, path: "/echo")
            try await client.connection.send((0..<80).flatMap { WebSocketClient.frame(opcode: 1, Array("\($0)".utf8)) })
            for number in 0..<50 { #expect(try await client.text() == "\(number)") }
            #expect(try await client.text() == "at most 50")
            guard case .close(1008, let reason) = try await client.next() else { return #expect(Bool(false), "no close frame with 1008") }
            #expect(reason.contains("50") && limits() == [.socketMessages])
        }
    }

    @Test func `as many as are allowed each second, pings beside them, are carried out`() async throws {
        try await withSockets({ $0.webSocket.messagesPerSecond = 20 }) { server, limits in
            let client = try await WebSocketClient(port: server.port, path: "/echo")
            for second in 0..<3 {
                if second > 0 { try await sleep(for: .milliseconds(2200)) }
                for number in 0..<20 {
                    try await client.send(text: "\(number)")
                    try await client.connection.send(WebSocketClient.frame(opcode: 9, []))
                    #expect(try await client.text() == "\(number)")
                }
            }
            #expect(limits().isEmpty)
        }
    }

    // MARK: Announced lengths

    /// The header of a masked frame that announces a length, without any payload.
    private nonisolated static func header(opcode: UInt8, final: Bool = true, _ length: UInt64) -> [UInt8] {
        [opcode | (final ? 0x80 : 0), 0x80 | 127] + (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(56 - 8 * $0)) } + [1, 2, 3, 4]
    }

    @Test(arguments: [4097, 1 << 30, 1 << 40, UInt64(Int64.max)])
    func `a frame that announces more than a message may have is refused at its header`(_ length: UInt64) async throws {
        try await withSockets({ _ in }) { server, _ in
            let client = try await WebSocketClient(port: server.port, path: "/echo")
            try await client.connection.send(WebSocketClient.frame(opcode: 1, Array("before".utf8)) + Self.header(opcode: 1, length))
            #expect(try await client.text() == "before")
            guard case .close(1009, _) = try await client.next() else { return #expect(Bool(false), "no close frame with 1009") }
            #expect(try await client.next() == .ended)
            try await eventually { server.webSockets == 0 }
        }
    }

    @Test func `a header that comes byte by byte is refused with its last byte of length`() async throws {
        try await withSockets({ _ in }) { server, _ in
            let client = try await WebSocketClient(port: server.port, path: "/echo")
            for byte in Self.header(opcode: 1, 1 << 30).prefix(10) {
                try await client.connection.send([byte])
                try await sleep(for: .milliseconds(5))
            }
            #expect(try await client.closeCode() == 1009)
        }
    }

    @Test func `the frames of one message are counted together, and what comes between them is not`() async throws {
        try await withSockets({ _ in }) { server, _ in
            let client = try await WebSocketClient(port: server.port, path: "/echo")
            let half = [UInt8](repeating: 65, count: 2048)
            for _ in 0..<3 {
                try await client.send(opcode: 1, half, final: false)
                try await client.ping([UInt8](repeating: 1, count: 125))
                try await client.send(opcode: 0, half)
                #expect(try await client.text().utf8.count == 4096)
            }
            try await client.send(opcode: 1, half, final: false)
            try await client.connection.send(Self.header(opcode: 0, 2049))
            #expect(try await client.closeCode() == 1009)
        }
    }

    // MARK: Bytes that wait for all

    @Test func `when too many bytes wait for all clients, those with the most are closed until it is enough`() async throws {
        var held: [WebSocket] = []
        let streams = (0..<2).map { _ in ResponseStream(limit: 1 << 24) }
        let routes: (HTTPRouter) -> Void = { router in
            router.webSocket("/hold") { _, _, socket in held.append(socket) }
            for (index, stream) in streams.enumerated() { router.get("/stream/\(index)") { _, _ in HTTPResponse.eventStream(stream) } }
        }
        let change: (inout HTTPServerOptions) -> Void = {
            $0.queuedBytes = 8 << 20
            $0.minDrainRate = nil
            $0.webSocket.queuedBytes = 1 << 24
            $0.webSocket.queuedMessages = 10_000
            $0.webSocket.writeDeadline = .seconds(60)
        }
        try await withServer(routes, options: change) { server in
            var limits: [HTTPServerLimit] = []
            server.router.onLimit = { limits.append($0) }
            var clients: [WebSocketClient] = []
            for _ in 0..<3 { clients.append(try await WebSocketClient(port: server.port, path: "/hold", receiveBuffer: 4096)) }
            var readers: [RawConnection] = []
            for index in 0..<2 {
                let reader = try RawConnection(port: server.port, receiveBuffer: 4096)
                try await reader.send(get("/stream/\(index)"))
                readers.append(reader)
            }
            try await eventually { held.count == 3 && server.streams == 2 }
            // The kernel takes some megabytes of each, which do not count.
            try await fill(held[0], to: 1 << 20)
            try await fill(held[1], to: 1 << 19)
            while server.queuedBytes < 3 << 20 {
                #expect(streams[0].write(String(repeating: "x", count: 65_536)))
                try await sleep(for: .milliseconds(1))
            }
            #expect(limits.isEmpty && held.allSatisfy(\.isOpen) && streams.allSatisfy(\.isOpen))
            try await fill(held[2], to: 7 << 20)
            try await eventually { limits.first == .queuedBytes }
            #expect(held[2].closeCode == .tooSlow && server.queuedBytes <= 8 << 20)
            #expect(held[0].isOpen && held[1].isOpen && streams.allSatisfy(\.isOpen))
            (clients.map(\.connection) + readers).forEach { $0.close() }
            try await eventually { server.connections == 0 && server.queuedBytes == 0 }
        }
    }

    /// Sends to a client that does not read until so many bytes wait for it, or it is closed.
    private func fill(_ socket: WebSocket, to bytes: Int) async throws {
        while socket.isOpen, socket.bufferedBytes < bytes {
            for _ in 0..<10 { socket.send(text: String(repeating: "x", count: 16_000)) }
            try await sleep(for: .milliseconds(1))
        }
    }
}
