import EventLoop
import TestSupport
import Testing

@testable import HTTP

@Suite(.onLoop) @ServiceActor
struct WebSocketListenerTests {
    private typealias Ending = WebSocketListener.Ending

    /// What a listener was told.
    private final class Heard {
        var texts: [String] = []
        var wasOpened = false
    }

    private static func options(opening: Duration = .seconds(5), silence: Duration = .seconds(30), bytes: Int = 4096) -> WebSocketListenerOptions {
        var options = WebSocketListenerOptions()
        (options.openingLimit, options.silenceLimit, options.messageBytes) = (opening, silence, bytes)
        return options
    }

    /// Listens, and fails the test rather than hang.
    private func listen(
        _ url: String, _ options: WebSocketListenerOptions = options(), to heard: Heard = Heard(), until last: String? = nil
    ) async throws -> Ending {
        try await withDeadline(.seconds(20)) {
            try await WebSocketListener.listen(url, options: options, opened: { heard.wasOpened = true }) {
                heard.texts.append($0)
                return $0 != last
            }
        }
    }

    // MARK: With a right server

    @Test func `messages come in order, then why the server closed`() async throws {
        let texts = (1...300).map { String(repeating: "é\($0) ", count: $0) }
        try await withServer({ router in
            router.webSocket("/s") { request, _, socket in
                #expect(request.query("a") == "1" && request.header("Host")?.hasPrefix("localhost:") == true)
                for text in texts {
                    socket.send(text: text)
                    if socket.bufferedBytes > 10_000 { try await sleep(for: .milliseconds(1)) }
                }
                socket.close(code: .serviceRestart, reason: "again")
            }
        }) { server in
            let heard = Heard()
            let ending = try await listen("http://localhost:\(server.port)/s?a=1#x", to: heard)
            #expect(ending == .closed(.serviceRestart) && heard.texts == texts && heard.wasOpened)
        }
    }

    @Test func `who has heard enough says farewell`() async throws {
        let closed = Promise<CloseCode>()
        try await withServer({ router in
            router.webSocket("/s") { _, _, socket in
                socket.onClose = { closed.succeed($0) }
                for text in ["a", "b", "c"] { socket.send(text: text) }
            }
        }) { server in
            let heard = Heard()
            let ending = try await listen("http://127.0.0.1:\(server.port)/s", to: heard, until: "b")
            let code = try await closed.value(within: .seconds(5))
            #expect(ending == .closed(.normal) && code == .normal && heard.texts == ["a", "b"])
        }
    }

    @Test func `a message over the limit is 1009 on both sides`() async throws {
        let closed = Promise<CloseCode>()
        try await withServer({ router in
            router.webSocket("/s") { _, _, socket in
                socket.onClose = { closed.succeed($0) }
                socket.send(text: String(repeating: "x", count: 1000))
                socket.send(text: String(repeating: "x", count: 1001))
            }
        }) { server in
            let heard = Heard()
            let ending = try await listen("http://127.0.0.1:\(server.port)/s", Self.options(bytes: 1000), to: heard)
            #expect(ending == .closed(.messageTooBig) && heard.texts.map(\.count) == [1000])
            let code = try await closed.value(within: .seconds(5))
            #expect(code == .messageTooBig)
        }
    }

    @Test func `pings are signs of life, silence is not`() async throws {
        for (ping, isQuiet) in [(Duration.milliseconds(200), false), (.seconds(20), true)] {
            try await withServer({ router in
                router.webSocket("/s") { _, _, socket in
                    try await sleep(for: .seconds(6))
                    socket.close()
                }
            }) { options in
                options.webSocket.pingInterval = ping
            } _: { server in
                let url = "http://127.0.0.1:\(server.port)/s"
                if isQuiet {
                    await #expect(throws: HTTPClientError.timedOut) { try await listen(url, Self.options(silence: .seconds(3))) }
                } else {
                    let ending = try await listen(url, Self.options(silence: .seconds(3)))
                    #expect(ending == .closed(.normal))
                }
            }
        }
    }

    @Test func `a refusal is its status`() async throws {
        try await withServer({ router in
            router.get("/plain") { _, _ in .json(200, "{}") }
            router.get("/away") { _, _ in throw Problem(503, TestCode.away, "no") }
        }) { server in
            for (path, status) in [("plain", 200), ("nothing", 404), ("away", 503)] {
                let heard = Heard()
                let ending = try await listen("http://127.0.0.1:\(server.port)/\(path)", to: heard)
                #expect(ending == .refused(status: status) && !heard.wasOpened)
            }
        }
    }

    @Test func `a listener that is cancelled goes away`() async throws {
        let (opened, closed) = (Promise<Void>(), Promise<CloseCode>())
        try await withServer({ router in
            router.webSocket("/s") { _, _, socket in
                socket.onClose = { closed.succeed($0) }
                opened.succeed(())
            }
        }) { server in
            let url = "http://127.0.0.1:\(server.port)/s"
            let task = Loop.spawn { try await WebSocketListener.listen(url) { _ in true } }
            try await opened.value(within: .seconds(5))
            task.cancel()
            await #expect(throws: HTTPClientError.cancelled) { try await task.value }
            let code = try await closed.value(within: .seconds(5))
            #expect(code == .abnormal)
        }
    }

    // MARK: With another one

    @Test func `nobody there is told by what is wrong`() async throws {
        let port = try freePort()
        await #expect(throws: HTTPClientError.refused) { try await listen("http://localhost:\(port)/") }
        await #expect(throws: HTTPClientError.other("no URL for a WebSocket")) { try await listen("https://localhost:\(port)/") }
        let stub = try StubAPI { _, _ in .silence }
        defer { stub.close() }
        await #expect(throws: HTTPClientError.timedOut) { try await listen(stub.url, Self.options(opening: .milliseconds(200))) }
        stub.answer = { _, _ in .reset }
        await #expect(throws: HTTPClientError.truncated) { try await listen(stub.url) }
    }

    @Test(arguments: [
        ("HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", HTTPClientError.other("the answer grants no WebSocket")),
        (
            "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            .other("the answer grants no WebSocket")
        ),
        ("SSH-2.0-OpenSSH\r\n\r\n", .other("the answer is no HTTP")), ("HTTP/1.1 101 S\r\nUpgrade", .truncated),
        ("HTTP/1.1 101 S\r\n" + String(repeating: "A: b\r\n", count: 4000), .tooLarge),
    ])
    func `an answer that is no right grant opens nothing`(_ answer: String, _ error: HTTPClientError) async throws {
        let server = try OneAnswerServer(answer)
        defer { server.close() }
        let heard = Heard()
        await #expect(throws: error) { try await listen("http://127.0.0.1:\(server.port)/", to: heard) }
        #expect(!heard.wasOpened)
    }

    /// Frames that come in one piece with a right grant, after which the connection ends.
    @Test(
        arguments: [
            ([0x81, 2] + Array("hi".utf8) + [0x88, 2, 0x03, 0xe9], ["hi"], 1001),
            // In two fragments, with a ping between.
            ([0x01, 1] + Array("h".utf8) + [0x89, 0] + [0x80, 1] + Array("i".utf8) + [0x88, 0], ["hi"], 1005),
            ([0x81, 2] + Array("hi".utf8) + [0x88, 4, 0x03, 0xf6] + Array("ok".utf8), ["hi"], 1014), ([0x88, 2, 0x03, 0xe7], [], 1002),
            ([0x81, 2] + Array("hi".utf8), ["hi"], 1006), ([0x81, 5] + Array("hi".utf8), [], 1006),
            ([0x81, 1, 0xff], [], 1007), ([0xf1, 0], [], 1002), ([0x81, 0x81, 1, 2, 3, 4, 5], [], 1002), ([0x09, 0], [], 1002),
            ([0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0x20], [], 1009),
        ] as [([UInt8], [String], UInt16)])
    func `frames are read by the letter of the protocol`(_ frames: [UInt8], _ texts: [String], _ code: UInt16) async throws {
        let stub = try StubAPI { _, head in
            let key = head.first { $0.hasPrefix("Sec-WebSocket-Key: ") }.map { String($0.dropFirst(19)) } ?? ""
            let accept = WebSocketHandshake.accept(key: key) ?? ""
            let grant = "HTTP/1.1 101 Yes\r\nupgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\nsec-websocket-accept: \(accept)\r\n\r\n"
            return .octets(Array(grant.utf8) + frames)
        }
        defer { stub.close() }
        let heard = Heard()
        #expect(try await listen(stub.url + "/x", to: heard) == .closed(CloseCode(rawValue: code)))
        #expect(heard.texts == texts && stub.targets == ["/x"])
    }

    // MARK: Parts

    @Test(
        arguments: [
            ("http://localhost:3000/v1/stream?a=b", ("localhost", 3000, "localhost:3000", "/v1/stream?a=b")),
            ("HTTP://Engine.example", ("Engine.example", 80, "Engine.example", "/")), ("http://h:/x", ("h", 80, "h:", "/x")),
            ("http://[::1]:9/x", ("::1", 9, "[::1]:9", "/x")), ("http://h?q#f", ("h", 80, "h", "/?q")), ("https://h/", nil), ("http://", nil),
            ("http://u:p@h/", nil), ("http://h:99999/", nil), ("http://h:0/", nil), ("http://h/a b", nil), ("http://[::1]x/", nil),
        ] as [(String, (String, UInt16, String, String)?)])
    func `a URL says where to connect and what to ask for`(_ url: String, _ parts: (String, UInt16, String, String)?) {
        let address = WebSocketAddress(url)
        #expect((address == nil) == (parts == nil))
        guard let address, let parts else { return }
        #expect((address.host, address.port, address.authority, address.target) == parts)
    }
}
