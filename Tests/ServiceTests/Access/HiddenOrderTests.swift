import Configuration
import EventLoop
import JSON
import Orders
import TestOrders
import TestSupport
import Testing

@testable import GatewayService
@testable import HTTP
@testable import NotifierService
@testable import Pipeline
@testable import ServiceKit

/// Tests that a key which does not own an order learns nothing of it: not whether there is one, by no path, and not by the time an answer takes.
///
/// What names an order comes from the contracts, so that a new path is not forgotten.
@Suite(.onLoop, .serialized) @ServiceActor
struct HiddenOrderTests {
    private nonisolated static let bot = Owner(key: "bot")
    /// Inputs that can hold the id or the key of an order.
    private nonisolated static let naming: Set<String> = [
        "id", "orderId", "clientOrderId", "cursor", "Idempotency-Key", "userId", "user_id", "token", "after", "Last-Event-ID",
    ]

    /// A request with an order's id in one place.
    private struct Form: CustomStringConvertible {
        let operation: Contract.Operation
        let input: Contract.Input
        var accepts: String?
        var description: String { "\(operation) \(input)\(accepts.map { " " + $0 } ?? "")" }

        /// Whether an order can be told by the path, so that its answer must be that of an unknown one.
        var namesByPath: Bool { input.place == .path }

        func path(_ name: String) -> String {
            let path = operation.path.replacing("{id}", with: input.place == .path ? name : Samples.id().description)
            return input.place == .query ? "\(path)?\(input.name)=\(input.name == "cursor" ? "1768030217789_" : "")\(name)" : path
        }

        func headers(_ name: String) -> [String] {
            (input.place == .header ? ["\(input.name): \(name)"] : []) + (accepts.map { ["Accept: \($0)"] } ?? [])
        }

        func body(_ name: String) -> String {
            guard operation.path == "/api/orders/execute", operation.method == "POST" else {
                return ["POST", "PATCH"].contains(operation.method) ? "{}" : ""
            }
            let more = input.place == .body ? #","\#(input.name)":"\#(name)""# : ""
            return #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1\#(more)}"#
        }
    }

    /// Every request that can name an order, of the paths that a process has.
    private func forms(_ process: ServiceProcess) -> [Form] {
        let served = Set(process.router.queries.map { "\($0.method) \($0.path)" })
        let found = Contract().operations.filter { served.contains($0.description) }.flatMap { operation in
            operation.inputs.filter { Self.naming.contains($0.name) }.map { Form(operation: operation, input: $0) }
        }
        return found
    }

    /// An answer without what differs from one moment, and from one order, to the next.
    private nonisolated static func plain(_ answer: Answer, _ name: String) -> String {
        let fields = answer.head.split(separator: "\r\n").filter { !$0.hasPrefix("Date:") && !$0.hasPrefix("Request-Id:") }
        let text = (fields + [Substring(answer.body)]).joined(separator: "\n").replacing(name, with: "NAME")
        // A new order has an id of its own, wherever its answer says so.
        return text.replacing(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "ID").replacing(/\d{13}-\d+/, with: "JOB")
            .replacing(/token=[0-9a-f]+/, with: "TOKEN").replacing(/"[0-9a-f]+-[0-9a-z]+"/, with: "TAG")
    }

    // MARK: HTTP

    private func withGatewayAndOrder(
        _ body: @ServiceActor (TestProcess<GatewaySettings>, HTTPExchange, TestKeys, Order) async throws -> Void
    ) async throws {
        try await withKeys { keys in
            try await withStore { store, database in
                try await withGateway(["DATABASE_URL": database, "API_KEYS_FILE": keys.path]) { test, http in
                    try await alongside({ await test.process.runAccess() }) {
                        try await eventually { try await http.get("/api/orders", keys.header("op")).status == 200 }
                        // In Redis and in Postgres, with all that can cost time to read.
                        let order = Samples.order(user: "carol", owner: Self.bot)
                        try await test.accept(order)
                        try await store.save(order, try await test.events(order))
                        try await body(test, http, keys, order)
                    }
                }
            }
        }
    }

    @Test func `no request that can name an order tells one that is hidden from one that is not there`() async throws {
        try await withGatewayAndOrder { test, http, keys, order in
            let forms = forms(test.process)
            #expect(forms.count { $0.namesByPath } >= 6 && forms.contains { $0.description == "DELETE /api/orders/{id} path id" }, "\(forms)")
            let none = Samples.id().description
            for form in forms {
                func ask(_ name: String) async throws -> String {
                    Self.plain(
                        try await http.send(
                            form.operation.method, form.path(name), form.headers(name) + [keys.header("ant")], body: form.body(name)), name)
                }
                let (hidden, unknown) = (try await ask(order.id.description), try await ask(none))
                #expect(hidden == unknown, "\(form)")
                if form.namesByPath { #expect(hidden.contains(#/ (403|404|426) /#), "\(form): \(hidden)") }
            }
            #expect(try await http.get("/api/orders/\(order.id)", keys.header("bot")).status == 200)
        }
    }

    /// How long the answers to two requests take, which are sent in turn.
    private struct Times {
        var hidden: [Duration] = []
        var unknown: [Duration] = []

        private static func median(_ times: some Collection<Duration>) -> Duration { times.sorted()[times.count / 2] }

        private static func apart(_ one: Duration, _ other: Duration) -> Duration { one > other ? one - other : other - one }

        var difference: Duration { Self.apart(Self.median(hidden), Self.median(unknown)) }

        /// How far apart the medians of the same request are, in two halves of the measurement.
        var noise: Duration {
            [hidden, unknown].map { times in
                Self.apart(
                    Self.median(times.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)),
                    Self.median(times.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)))
            }.max() ?? .zero
        }

        /// Whether the one request takes as long as the other: within 5 %, or within what the measurement can tell.
        var isEven: Bool { difference < max(Self.median(unknown) / 20, noise) }

        var description: String { "\(Self.median(hidden)) hidden, \(Self.median(unknown)) unknown, noise \(noise)" }
    }

    private func measure(_ count: Int, _ ask: (_ isHidden: Bool) async throws -> Void) async throws -> Times {
        var times = Times()
        // ABBA, so that what gets faster or slower meanwhile does so for both.
        for number in 0..<count {
            for isHidden in number % 2 == 0 ? [true, false] : [false, true] {
                let start = MonotonicInstant.now
                try await ask(isHidden)
                if isHidden { times.hidden.append(start.elapsed) } else { times.unknown.append(start.elapsed) }
            }
        }
        return times
    }

    /// Measures until the times are even, at most three times: a busy machine can make them differ once, a leak makes them differ always.
    private func expectEven(_ what: String, _ count: Int, _ ask: (_ isHidden: Bool) async throws -> Void) async throws {
        var found: [String] = []
        for _ in 0..<3 {
            let times = try await measure(count, ask)
            found.append(times.description)
            if times.isEven { return print("hidden: \(what): \(times.description)") }
        }
        Issue.record("\(what): \(found)")
    }

    @Test func `an answer takes as long for an order that is hidden as for one that is not there`() async throws {
        try await withGatewayAndOrder { test, http, keys, order in
            let unknown = Samples.id().description
            for form in forms(test.process) where form.namesByPath && !form.operation.path.contains("dead-letters") {
                try await expectEven("\(form)", 100) { isHidden in
                    let name = isHidden ? order.id.description : unknown
                    _ = try await http.send(form.operation.method, form.path(name), [keys.header("ant")], body: form.body(name))
                }
            }
        }
    }

    // MARK: Sockets and streams

    private func withNotifierAndOrder(
        _ body: @ServiceActor (TestProcess<NotifierSettings>, HTTPExchange, TestKeys, Order) async throws -> Void
    ) async throws {
        try await withKeys { keys in
            try await withStore { _, database in
                try await withProcess(NotifierSettings.self, ["DATABASE_URL": database, "API_KEYS_FILE": keys.path]) { test in
                    let notifier = try await Notifier(settings: test.settings, process: test.process)
                    let running = notifier.children.filter { $0.name != "events" }.map { child in Loop.spawn { try await child.run() } }
                    defer { for task in running { task.cancel() } }
                    let order = Samples.order(user: "carol", owner: Self.bot)
                    try await test.accept(order)
                    try await alongside({ await test.process.runAccess() }) {
                        try await withServer(test.process) { http in
                            try await eventually {
                                try await told(http, keys.header("op"), "/ws/orders/\(order.id)", nil, order.id, until: 1).texts.count == 1
                            }
                            try await body(test, http, keys, order)
                        }
                    }
                }
            }
        }
    }

    /// What a client is told after its handshake and its first frame, up to a close or an answer that names the order.
    private func told(
        _ http: HTTPExchange, _ header: String, _ path: String, _ frame: String?, _ id: OrderID, until count: Int = .max
    ) async throws -> (texts: [String], after: Duration) {
        let client = try await WebSocketClient(port: http.server.port, path: path, headers: WebSocketClient.handshake + [header])
        defer { client.connection.close() }
        let start = MonotonicInstant.now
        if let frame { try await client.send(text: frame) }
        // `unsubscribe` has no answer of its own.
        if frame?.contains("unsubscribe") == true { try await client.send(text: #"{"op":"ping"}"#) }
        var texts: [String] = []
        while texts.count < count {
            switch try await client.next() {
            case .text(let text):
                texts.append(text.replacing(id.description, with: "ID").replacing(/\d{4}-[^"]*Z/, with: "TIME"))
                if text.contains(#""op":"error""#) || text.contains(#""op":"pong""#) { return (texts, start.elapsed) }
            case .close(let code, _): return (texts + ["\(code)"], start.elapsed)
            case .ended: throw TestFailure("the connection ended without a close frame")
            case .ping, .pong: continue
            }
        }
        return (texts, start.elapsed)
    }

    /// Asks 30 times for each at once, because each waits for as long as an order may be late. What is told must be the same, and its time within 10
    /// ms, which is what this can tell; a busy machine has three tries.
    private func expectTogether(
        _ what: String, _ ask: @escaping @Sendable @ServiceActor (_ isHidden: Bool) async throws -> (texts: [String], after: Duration)
    ) async throws {
        var found: [String] = []
        for _ in 0..<3 {
            let answers = try await together(60) { number in try await ask(number % 2 == 0) }
            let kinds = Set(answers.map(\.texts))
            #expect(kinds.count == 1, "\(what): \(kinds)")
            let halves = [0, 1].map { half in answers.enumerated().filter { $0.offset % 2 == half }.map(\.element.after) }
            let times = Times(hidden: halves[0], unknown: halves[1])
            found.append(times.description)
            if times.difference < .milliseconds(10) { return print("hidden: \(what): \(times.description)") }
        }
        Issue.record("\(what): \(found)")
    }

    /// Every path of a socket, and every frame, that names an order, with `ID` for it.
    private nonisolated static let ways: [(path: String, frame: String?)] = {
        let contract = Contract()
        let paths = contract.sockets.flatMap { socket in
            socket.inputs.filter { $0.name == "orderId" }.map { input in
                input.place == .path ? socket.path.replacing("{orderId}", with: "ID") : "\(socket.path)?orderId=ID"
            }
        }
        let first = contract.sockets.filter { $0.inputs.isEmpty }.map { ($0.path, Optional("ID")) }
        let naming = contract.frames.filter { $0.members.contains("orderId") }
        let frames = naming.map { ("/v1/stream", Optional(#"{"op":"\#($0.name)","orderId":"ID"}"#)) }
        return paths.map { ($0, nil) } + first + frames
    }()

    @Test func `no socket and no frame tells an order that is hidden from one that is not there, nor does its time`() async throws {
        #expect(Self.ways.count >= 7)
        try await withNotifierAndOrder { _, http, keys, order in
            for (path, frame) in Self.ways {
                let unknown = Samples.id()
                @Sendable func ask(_ id: OrderID) async throws -> (texts: [String], after: Duration) {
                    try await told(
                        http, keys.header("ant"), path.replacing("ID", with: id.description), frame?.replacing("ID", with: id.description), id)
                }
                try await expectTogether("\(path) \(frame ?? "")") { isHidden in try await ask(isHidden ? order.id : unknown) }
            }
        }
    }

    @Test func `no stream of events tells an order that is hidden from one that is not there, nor does its time`() async throws {
        try await withNotifierAndOrder { test, http, keys, order in
            let forms = forms(test.process).filter { $0.namesByPath }
            #expect(forms.map(\.description) == ["GET /api/orders/{id}/events path id"])
            let unknown = Samples.id()
            for form in forms {
                try await expectTogether("\(form) as a stream") { isHidden in
                    let name = (isHidden ? order.id : unknown).description
                    let start = MonotonicInstant.now
                    let answer = try await http.send("GET", form.path(name), ["Accept: text/event-stream", keys.header("ant")])
                    #expect(answer.status == 404)
                    return ([Self.plain(answer, name)], start.elapsed)
                }
            }
        }
    }

    @Test func `the contract has the queries of all routes`() async throws {
        let operations = Contract().operations
        try await withGatewayAndOrder { test, _, _, _ in
            for (path, method, names) in test.process.router.queries where method != "socket" && names != nil {
                let operation = operations.first { $0.description == "\(method) \(path)" }
                let known = operation?.inputs.filter { $0.place == .query }.map(\.name) ?? []
                #expect(Set(names ?? []) == Set(known), "\(method) \(path)")
            }
        }
    }
}
