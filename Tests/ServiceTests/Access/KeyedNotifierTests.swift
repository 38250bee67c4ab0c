import Configuration
import EventLoop
import JSON
import Orders
import TestOrders
import TestSupport
import Testing

@testable import HTTP
@testable import NotifierService
@testable import Pipeline
@testable import ServiceKit

/// Tests who may follow what at a notifier with keys.
@Suite(.onLoop) @ServiceActor
struct KeyedNotifierTests {
    private static let bot = Owner(key: "bot")

    private func withKeyedNotifier(
        _ settings: [String: String] = [:],
        _ body: @ServiceActor (TestProcess<NotifierSettings>, UInt16, TestKeys) async throws -> Void
    ) async throws {
        try await withKeys { keys in
            // Redis has no order that is not there: Postgres is asked, and has an answer.
            try await withStore { _, database in
                try await withProcess(NotifierSettings.self, settings.merging(["DATABASE_URL": database, "API_KEYS_FILE": keys.path]) { $1 }) {
                    test in
                    let notifier = try await Notifier(settings: test.settings, process: test.process)
                    // Nothing is stored here: what is not in Redis is to be looked for in Postgres, and not to be found.
                    let running = notifier.children.filter { $0.name != "events" }.map { child in Loop.spawn { try await child.run() } }
                    defer { for task in running { task.cancel() } }
                    try await alongside({ await test.process.runAccess() }) {
                        try await withServer(test.process) {
                            try await follows(test, $0.server.port, keys)
                            try await body(test, $0.server.port, keys)
                        }
                    }
                }
            }
        }
    }

    /// Waits until the notifier can follow orders: until then it sends clients away.
    private func follows(_ test: TestProcess<NotifierSettings>, _ port: UInt16, _ keys: TestKeys) async throws {
        let order = Samples.order()
        try await test.accept(order)
        try await eventually {
            let client = try await connect(port, "/ws/orders/\(order.id)", keys.header("op"))
            defer { client.connection.close() }
            return try await next(client).contains("pending")
        }
    }

    private func connect(_ port: UInt16, _ path: String, _ header: String? = nil) async throws -> WebSocketClient {
        try await WebSocketClient(port: port, path: path, headers: WebSocketClient.handshake + (header.map { [$0] } ?? []))
    }

    /// The next text or the code of the close frame. Throws if there is none.
    private func next(_ client: WebSocketClient) async throws -> String {
        while true {
            switch try await client.next() {
            case .text(let text): return text
            case .close(let code, _): return String(code)
            case .ended: throw TestFailure("the connection ended without a close frame")
            case .ping, .pong: continue
            }
        }
    }

    private func token(_ test: TestProcess<NotifierSettings>, _ order: Order) async throws -> String {
        var token: String?
        try await eventually {
            token = test.process.tokens.token(for: order.id, goodFor: .seconds(60))
            return token != nil
        }
        return try #require(token)
    }

    @Test func `a socket counts for its key, with the key's own limit, and without a key for its address`() async throws {
        try await withKeyedNotifier(["CALLER_SOCKETS": "2"]) { test, port, keys in
            let order = Samples.order(owner: Self.bot)
            try await test.accept(order)
            let token = "/ws/orders/\(order.id)?token=\(try await token(test, order))"
            var held: [WebSocketClient] = []
            defer { held.forEach { $0.connection.close() } }
            let callers: [(path: String, header: String?, limit: Int)] = [
                ("/v1/stream", keys.header("few"), 1), ("/v1/stream", keys.header("bot"), 2), ("/v1/stream", keys.header("ant"), 2), (token, nil, 2),
            ]
            for caller in callers {
                for _ in 0..<caller.limit {
                    held.append(try await connect(port, caller.path, caller.header))
                    #expect(held.last?.status == 101)
                }
                let refused = try await connect(port, caller.path, caller.header)
                #expect(refused.status == 429 && refused.body.contains("You have \(caller.limit) sockets and streams open here"), "\(refused.body)")
            }
        }
    }

    @Test func `without a key or a token no order's socket opens`() async throws {
        try await withKeyedNotifier { test, port, keys in
            let order = Samples.order(owner: Self.bot)
            try await test.accept(order)
            let paths = ["/ws/orders/\(order.id)", "/api/orders/status/\(order.id)", "/api/orders/execute?orderId=\(order.id)", "/api/orders/status"]
            for path in paths {
                let refused = try await connect(port, path)
                #expect(refused.status == 401 && refused.body.contains("UNAUTHENTICATED"), "\(path): \(refused.status)")
                #expect(try await connect(port, path, keys.header("trader")).status == 403)
                #expect(try await connect(port, path, keys.header("bot")).status == 101)
            }
            #expect(try await next(try await connect(port, "/v1/stream?orderId=\(order.id)")) == "4401")
        }
    }

    @Test func `a key that is revoked before its holder names the order shows nothing of it`() async throws {
        try await withKeyedNotifier { test, port, keys in
            let order = Samples.order(owner: Self.bot)
            try await test.accept(order)
            let client = try await connect(port, "/api/orders/status", keys.header("bot"))
            try keys.write(without: ["bot"])
            try await eventually { try await connect(port, "/api/orders/status", keys.header("bot")).status == 401 }
            try await client.send(text: order.id.description)
            #expect(try await next(client) == "4401")
        }
    }

    @Test func `a token opens the socket of its order and no other`() async throws {
        try await withKeyedNotifier { test, port, _ in
            let (order, other) = (Samples.order(owner: Self.bot), Samples.order(owner: Self.bot))
            for order in [order, other] { try await test.accept(order) }
            let token = try await token(test, order)
            for path in ["/ws/orders/\(order.id)?token=", "/v1/stream?orderId=\(order.id)&token=", "/api/orders/execute?orderId=\(order.id)&token="] {
                let client = try await connect(port, path + token)
                let first = try await next(client)
                #expect(first.contains("pending") || first.contains(order.id.description), "\(path): \(first)")
                client.connection.close()
            }
            let forged = token.dropLast() + (token.hasSuffix("0") ? "1" : "0")
            #expect(try await connect(port, "/ws/orders/\(order.id)?token=\(forged)").status == 401)
            let foreign = try await connect(port, "/ws/orders/\(other.id)?token=\(token)")
            var said = ""
            while !said.hasPrefix("4") { said = try await next(foreign) }
            #expect(said == "4404")
        }
    }

    /// What a client of a path is told of an order, and the code that it is closed with.
    private func told(_ port: UInt16, _ path: String, _ header: String) async throws -> (texts: [String], code: String) {
        let client = try await connect(port, path, header)
        var texts: [String] = []
        while true {
            let said = try await next(client)
            if said.utf8.count == 4 { return (texts, said) }
            texts.append(said)
        }
    }

    /// `HiddenOrderTests` compare the times, over many answers.
    @Test func `another's order is as if there were none`() async throws {
        try await withKeyedNotifier { test, port, keys in
            let order = Samples.order(owner: Self.bot)
            try await test.accept(order)
            let unknown = Samples.id()
            func path(_ id: OrderID, _ form: String) -> String { form.replacing("ID", with: id.description) }
            for form in ["/ws/orders/ID", "/api/orders/status/ID", "/api/orders/execute?orderId=ID"] {
                async let hidden = told(port, path(order.id, form), keys.header("ant"))
                async let missing = told(port, path(unknown, form), keys.header("ant"))
                let (one, other) = (try await hidden, try await missing)
                let texts = other.texts.map { $0.replacing(unknown.description, with: order.id.description).replacing(/\d{4}-[^"]*Z/, with: "") }
                #expect(
                    one.texts.map { $0.replacing(/\d{4}-[^"]*Z/, with: "") } == texts && one.code == "4404" && other.code == "4404",
                    "\(form): \(one.texts)")
            }
        }
    }

    @Test func `by the native protocol the key comes in the first frame, and a hidden order is unknown`() async throws {
        try await withKeyedNotifier { test, port, keys in
            let (own, foreign) = (Samples.order(owner: Self.bot), Samples.order(owner: Owner(key: "ant")))
            for order in [own, foreign] { try await test.accept(order) }
            for (frame, code) in [
                (#"{"op":"auth","key":"oek_0"}"#, "4401"), (#"{"op":"ping"}"#, "4401"),
                (#"{"op":"auth","key":"\#(keys.secrets["trader"] ?? "")"}"#, "4403"),
            ] {
                let client = try await connect(port, "/v1/stream")
                try await client.send(text: frame)
                let (error, end) = (try await next(client), try await next(client))
                #expect(error.contains(#""op":"error""#) && end == code, "\(frame): \(error) \(end)")
            }
            let client = try await connect(port, "/v1/stream")
            try await client.send(text: #"{"op":"auth","key":"\#(keys.secrets["bot"] ?? "")"}"#)
            #expect(try await next(client) == #"{"op":"authenticated"}"#)
            try await client.send(text: #"{"op":"subscribe","orderId":"\#(foreign.id)"}"#)
            try await client.send(text: #"{"op":"subscribe","orderId":"\#(own.id)"}"#)
            #expect(try await next(client).contains(#""op":"subscribed","orderId":"\#(own.id)""#))
            #expect(try await next(client).contains(#""op":"event""#))
            #expect(try await next(client) == NativeError.unknownOrder(foreign.id).frame)
        }
    }

    @Test func `who follows a user hears of its own orders only`() async throws {
        try await withKeyedNotifier { test, port, keys in
            let orders = ["bot", "ant", "bot", "ant", "bot"].map { Samples.order(user: "carol", owner: Owner(key: $0)) }
            for order in orders.prefix(4) { try await test.accept(order) }
            let client = try await connect(port, "/v1/stream", keys.header("bot"))
            try await client.send(text: #"{"op":"subscribe","userId":"carol"}"#)
            #expect(try await next(client) == #"{"op":"subscribed","userId":"carol","orders":2}"#)
            var heard: Set<String> = []
            while heard.count < 2 { heard.insert(try #require(try JSONValue.parse(try await next(client))["event"]?["orderId"]?.string)) }
            #expect(heard == [orders[0].id.description, orders[2].id.description])
            // Of one that is placed later it hears too, and of another's it does not: that one would come first.
            try await test.accept(Samples.order(user: "carol", owner: Owner(key: "ant")))
            try await test.accept(orders[4])
            #expect(try await next(client).contains(orders[4].id.description))
            let operating = try await connect(port, "/v1/stream", keys.header("op"))
            try await operating.send(text: #"{"op":"subscribe","userId":"carol"}"#)
            #expect(try await next(operating) == #"{"op":"subscribed","userId":"carol","orders":6}"#)
        }
    }

    @Test func `sockets of a key that is taken out of the file are closed, and no others`() async throws {
        try await withKeyedNotifier { test, port, keys in
            let order = Samples.order(owner: Self.bot)
            try await test.accept(order)
            let ended = [
                try await connect(port, "/ws/orders/\(order.id)", keys.header("bot")), try await connect(port, "/v1/stream", keys.header("bot")),
            ]
            let staying = try await connect(port, "/v1/stream", keys.header("op"))
            try keys.write(without: ["bot"])
            for client in ended {
                var said = ""
                while said.utf8.count != 4 { said = try await next(client) }
                #expect(said == "4401")
            }
            try await staying.send(text: #"{"op":"ping"}"#)
            #expect(try await next(staying) == #"{"op":"pong"}"#)
        }
    }
}
