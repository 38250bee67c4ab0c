import EventLoop
import JSON
import TestSupport
import Testing

/// Tests every number that an endpoint, a parameter, a header or a frame takes, on all four services.
@Suite("Extreme numbers in requests", .onLoop) @ServiceActor
struct ExtremeRequestTests {
    /// Requests with a number where the contract has no name for it: in paths, in headers that every request may have, in a part of a value.
    private static func requests(_ id: String) -> [ExtremeRequest] {
        let queries = [
            "/api/orders?cursor={x}_\(id)", "/api/orders/\(id)?{x}={x}", "/api/dead-letters?cursor=0-{x}-{x}", "/api/dead-letters?cursor={x}-1-1",
            "/api/streams?{x}", "/health?{x}={x}", "/v1/stream?orderId=\(id)&after={x}", "/{x}",
        ]
        let headers = [
            "Last-Event-ID", "Sec-WebSocket-Version", "X-Forwarded-For", "X-Forwarded-Proto", "Range", "If-Modified-Since", "Max-Forwards", "Upgrade",
            "Idempotency-Key", "X-Request-ID",
        ]
        let bodies = [#""amount":1,"more":{x}"#, #""amount":1,"deadline":{x},"slippage":{x},"userId":"u""#]
        return queries.map { ExtremeRequest(method: "GET", path: $0) }
            + headers.map {
                ExtremeRequest(
                    method: "GET", path: "/api/orders/\(id)/events",
                    headers: [($0, "{x}")] + ($0 == "Last-Event-ID" ? [("Accept", "text/event-stream")] : []))
            }
            + bodies.map {
                ExtremeRequest(
                    method: "POST", path: "/api/orders/execute", headers: [("Content-Type", "application/json")],
                    body: #"{"tokenIn":"SOL","tokenOut":"USDC",\#($0)}"#)
            } + [
                ExtremeRequest(method: "POST", path: "/api/dead-letters/0-{x}-0/retry"),
                ExtremeRequest(method: "DELETE", path: "/api/dead-letters/{x}-1-0"),
                ExtremeRequest(method: "POST", path: "/api/door/{x}", headers: [("Content-Type", "application/json")], body: #"{"reason":{x}}"#),
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
            let named = try await ExtremeRequest.all(of: Contract(), order: id, servedBy: service, engine)
            for request in Self.requests(id) + named {
                for (value, answer) in zip(Extremes.all, try await Self.answers(to: request, from: service, engine)) {
                    #expect(
                        (200..<500).contains(answer.status), "\(service) \(request.path) \(value.prefix(50)): \(answer.text)")
                    if answer.status == 202, let id = (answer.json["orderId"] ?? answer.json["order_id"])?.string { accepted.append(id) }
                }
                // A reason of a pause may be a number, too.
                if request.path == "/api/door/pause" { try await resume(engine) }
            }
        }
        #expect(!accepted.isEmpty)
        try await engine.waitForEnd(accepted)
        try await survivors.check()
    }

    /// The answers for all values, in their sequence. A few are asked for at once: many would find all connections to Postgres in use.
    private static func answers(to request: ExtremeRequest, from service: StackService, _ engine: Engine) async throws -> [Engine.Answer] {
        var answers: [Engine.Answer] = []
        for first in stride(from: 0, to: Extremes.all.count, by: 4) {
            answers += try await together(Array(Extremes.all[first..<min(first + 4, Extremes.all.count)])) { value in
                let asked = request.with(value)
                return try await engine.send(asked.method, asked.path, to: service, headers: asked.headers, body: asked.body)
            }
        }
        return answers
    }

    private func resume(_ engine: Engine) async throws {
        let answer = try await engine.send("POST", "/api/door/resume", headers: [("Content-Type", "application/json")], body: "{}")
        #expect(answer.status == 200)
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
        try await sockets(port)
        try await frames(engine, id)
        try await lengths(port)
        try await survivors.check()
    }

    /// What a frame has to have beside a member.
    private static func with(_ name: String, _ id: String) -> String {
        switch name {
        case "after": #""orderId":"\#(id)","#
        case "since": #""userId":"u","#
        default: ""
        }
    }

    /// Every input of every socket's address by the contract, and the first message of the dialect that names its order by it.
    private func sockets(_ port: UInt16) async throws {
        let values = Extremes.all.filter { $0 != Extremes.long }
        for socket in Contract().sockets {
            for input in socket.inputs.map(Optional.some) + (socket.inputs.isEmpty ? [nil] : []) {
                let codes = try await together(values.count) { index in
                    try await code(port, socket.path, input, values[index])
                }
                let isFine = codes.allSatisfy { (400..<500).contains($0) || [1000, 1008, 4404].contains($0) }
                #expect(isFine, "\(socket) \(input?.name ?? "first message"): \(codes)")
            }
        }
    }

    /// What a socket is closed with, or the status of the refusal, if an input of its address or its first message is this value.
    private func code(_ port: UInt16, _ path: String, _ input: Contract.Input?, _ value: String) async throws -> UInt16 {
        let escaped = Extremes.escaped(value)
        var address = path
        if let input { address = input.place == .path ? path.replacing("{\(input.name)}", with: escaped) : "\(path)?\(input.name)=\(escaped)" }
        let client = try await WebSocketClient(port: port, path: address)
        defer { client.connection.close() }
        guard client.status == 101 else { return UInt16(client.status) }
        // A socket without an order stays open until it hears something that it cannot serve.
        if input == nil || input?.name == "token" || input?.name == "after" { try await client.send(text: input == nil ? value : "x") }
        if path == "/v1/stream", input?.name != "orderId" { try await client.close() }
        return try await client.closeCode()
    }

    private func frames(_ engine: Engine, _ id: String) async throws {
        let socket = try await engine.socket("/v1/stream")
        // By the contract, and where it says that there is a text or none.
        let named = Contract().frames.flatMap { frame in
            frame.members.flatMap { name in ["{x}", "\"{x}\""].map { #"{"op":"\#(frame.name)",\#(Self.with(name, id))"\#(name)":\#($0)}"# } }
        }
        #expect(named.contains(#"{"op":"subscribe","orderId":"\#(id)","after":{x}}"#) && named.count >= 14)
        let frames = named + [#"{"op":"subscribe","userId":"u","since":{x}}"#, #"{"op":{x}}"#, "{x}"]
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
