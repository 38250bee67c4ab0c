import EventLoop
import JSON
import TestSupport
import Testing

/// Tests every number that an endpoint, a parameter, a header or a frame takes, on all four services.
@Suite("Extreme numbers in requests", .onLoop) @ServiceActor
struct ExtremeRequestTests {
    private struct Request {
        let method: String
        let path: String
        var headers: [(String, String)] = []
        var body: String?

        func with(_ value: String) -> Request {
            Request(
                method: method, path: path.replacing("{x}", with: Extremes.escaped(value)),
                headers: headers.map { ($0.0, $0.1.replacing("{x}", with: value)) }, body: body?.replacing("{x}", with: value))
        }
    }

    private static func requests(_ id: String) -> [Request] {
        let queries = [
            "/api/orders?limit={x}", "/api/orders?cursor={x}", "/api/orders?cursor={x}_\(id)", "/api/orders?from={x}", "/api/orders?to={x}",
            "/api/orders?status={x}", "/api/orders?userId={x}", "/api/orders/{x}", "/api/orders/status/{x}", "/api/orders/{x}/events",
            "/api/orders/\(id)/events?after={x}", "/api/orders/\(id)?{x}={x}", "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount={x}",
            "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=1&slippageBps={x}", "/api/dead-letters?limit={x}", "/api/dead-letters?cursor={x}",
            "/api/dead-letters?cursor=0-{x}-{x}", "/api/dead-letters?cursor={x}-1-1", "/api/doctor?stuckAfterSeconds={x}", "/api/streams?{x}",
            "/health?{x}={x}", "/v1/stream?orderId=\(id)&after={x}", "/{x}",
        ]
        let headers = [
            "Last-Event-ID", "Sec-WebSocket-Version", "X-Forwarded-For", "X-Forwarded-Proto", "Range", "If-Modified-Since", "Max-Forwards", "Upgrade",
            "Idempotency-Key", "traceparent", "X-Request-ID",
        ]
        let bodies = [
            #""amount":{x}"#, #""amount":"{x}""#, #""amount":1,"slippage":{x}"#, #""amount":1,"slippageBps":{x}"#, #""amount":1,"deadline":{x}"#,
            #""amount":1,"deadline":"{x}""#, #""amount":1,"userId":{x}"#, #""amount":1,"more":{x}"#,
        ]
        return queries.map { Request(method: "GET", path: $0) }
            + headers.map {
                Request(
                    method: "GET", path: "/api/orders/\(id)/events",
                    headers: [($0, "{x}")] + ($0 == "Last-Event-ID" ? [("Accept", "text/event-stream")] : []))
            }
            + bodies.map {
                Request(
                    method: "POST", path: "/api/orders/execute", headers: [("Content-Type", "application/json")],
                    body: #"{"tokenIn":"SOL","tokenOut":"USDC",\#($0)}"#)
            } + [
                Request(method: "POST", path: "/api/dead-letters/0-{x}-0/retry"), Request(method: "DELETE", path: "/api/dead-letters/{x}-1-0"),
                Request(method: "DELETE", path: "/api/orders/{x}"),
                Request(method: "POST", path: "/api/door/{x}", headers: [("Content-Type", "application/json")], body: #"{"reason":{x}}"#),
            ]
    }

    @Test(.engine(settings: ["MOCK_VOLATILITY_BPS": "10"]))
    func `Whatever number a request has, each service answers it and lives`() async throws {
        let engine = Engine.current
        let survivors = Survivors(of: engine)
        let id = try await engine.place()
        try await engine.waitForEnd([id])
        var accepted: [String] = []
        for service in StackService.allCases {
            for request in Self.requests(id) {
                let answers = try await together(Extremes.all.count) { index in
                    let asked = request.with(Extremes.all[index])
                    return try await engine.send(asked.method, asked.path, to: service, headers: asked.headers, body: asked.body)
                }
                for (value, answer) in zip(Extremes.all, answers) {
                    #expect(
                        (200..<600).contains(answer.status) && answer.status != 500, "\(service) \(request.path) \(value.prefix(50)): \(answer.text)")
                    if answer.status == 202, let id = answer.json["orderId"]?.string { accepted.append(id) }
                }
            }
        }
        #expect(!accepted.isEmpty)
        try await engine.waitForEnd(accepted)
        try await survivors.check()
    }

    @Test(.engine())
    func `Whatever length a body is announced with, each service answers or ends the connection, and lives`() async throws {
        let engine = Engine.current
        let survivors = Survivors(of: engine)
        for service in StackService.allCases {
            let port = engine.stack.port(service)
            _ = try await together(Extremes.all.count * 2) { index in
                let value = Extremes.all[index / 2]
                let field = index % 2 == 0 ? "Content-Length: \(value)" : "Transfer-Encoding: chunked"
                let connection = try RawConnection(port: port)
                defer { connection.close() }
                let head = "POST /api/orders/execute HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\(field)\r\n\r\n"
                try await connection.send(head + (index % 2 == 0 ? "x" : "\(value)\r\nx\r\n0\r\n\r\n"))
                connection.finishSending()
                do {
                    _ = try await connection.readToEnd(within: .seconds(30))
                } catch {
                    throw TestFailure("\(service), \(field): \(error), \(String(decoding: connection.received, as: UTF8.self))")
                }
            }
        }
        try await survivors.check()
    }

    @Test(.engine())
    func `Whatever number a socket's address, frame or close has, the notifier answers or closes, and lives`() async throws {
        let engine = Engine.current
        let survivors = Survivors(of: engine)
        let port = engine.stack.port(.notifier)
        let id = try await engine.place()
        try await engine.waitForEnd([id])
        let codes = try await together(Extremes.all.count) { index in
            let client = try await WebSocketClient(port: port, path: "/v1/stream?orderId=\(id)&after=\(Extremes.escaped(Extremes.all[index]))")
            defer { client.connection.close() }
            return client.status == 101 ? try await client.closeCode() : UInt16(client.status)
        }
        // The order's events; SEQ_AHEAD and all events; a refusal; or a URL that is too long.
        for (value, code) in zip(Extremes.all, codes) { #expect([1000, 1008, 414, 431].contains(code), "\(value.prefix(50)): \(code)") }
        try await frames(engine, id)
        try await lengths(port)
        try await survivors.check()
    }

    private func frames(_ engine: Engine, _ id: String) async throws {
        let socket = try await engine.socket("/v1/stream")
        let frames = [
            #"{"op":"subscribe","orderId":"\#(id)","after":{x}}"#, #"{"op":"subscribe","orderId":"\#(id)","after":"{x}"}"#,
            #"{"op":"subscribe","userId":"u","since":{x}}"#, #"{"op":"subscribe","userId":"u","since":"{x}"}"#, #"{"op":"ping","id":{x}}"#,
            #"{"op":"unsubscribe","orderId":{x}}"#, #"{"op":{x}}"#, "{x}",
        ]
        for value in Extremes.all where value != Extremes.long {
            for frame in frames { try await socket.send(text: frame.replacing("{x}", with: value)) }
            try await socket.send(text: #"{"op":"ping","id":"done"}"#)
            while try await socket.text() != #"{"op":"pong","id":"done"}"# {}
        }
        try await socket.send(text: #"{"op":"ping","id":\#(Extremes.long)}"#)
        #expect(try await socket.closeCode() == 1009)
        socket.connection.close()
    }

    /// Sends frames that claim to be extremely long, and close frames with invalid codes.
    private func lengths(_ port: UInt16) async throws {
        let lengths: [UInt64] = [0, 1, 125, 126, 65_535, 65_536, 1 << 31, 1 << 32, 1 << 53, UInt64(Int64.max), UInt64(Int64.max) + 1, .max]
        for opcode in [0x80, 0x81, 0x82, 0x88, 0x89, 0x8a, 0x8f, 0xff] as [UInt8] {
            for length in lengths {
                let client = try await WebSocketClient(port: port, path: "/v1/stream")
                let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * UInt64($0))) }
                try await client.connection.send([opcode, 0xff] + bytes + [1, 2, 3, 4, 5, 6])
                client.connection.finishSending()
                _ = try await client.connection.readToEnd()
                client.connection.close()
            }
        }
        for code in [0, 1, 999, 1000, 1004, 1005, 1006, 1015, 2999, 4999, 5000, .max] as [UInt16] {
            let client = try await WebSocketClient(port: port, path: "/v1/stream")
            try await client.close(code: code)
            _ = try await client.closeCode()
            client.connection.close()
        }
    }
}
