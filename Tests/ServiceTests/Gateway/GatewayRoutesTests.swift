import Configuration
import Dialects
import EventLoop
import JSON
import Observability
import Orders
import Redis
import ServiceKit
import Storage
import TestOrders
import TestSupport
import Testing

@testable import GatewayService
@testable import HTTP
@testable import Pipeline

/// Tests the gateway's routes behind a real server, with the pipeline on a real Redis.
@Suite(.onLoop) @ServiceActor
struct GatewayRoutesTests {
    private static let order = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5}"#

    private func id(_ answer: Answer) throws -> OrderID { try #require(answer["orderId"]?.string.flatMap { OrderID(parsing: $0) }) }

    /// An order that was accepted and then moved on by a worker's steps.
    private func accepted(_ test: TestProcess<GatewaySettings>, _ steps: Int) async throws -> Order {
        let order = Samples.order()
        try await test.accept(order)
        guard steps > 0 else { return order }
        let routing = try await test.take(.router)
        _ = try await test.pipeline.begin(routing)
        _ = try await test.pipeline.step(.routeDone([Samples.quote("meteora")]), routing)
        let executing = try await test.take(.executor)
        _ = try await test.pipeline.begin(executing)
        let transaction = SignedTransaction(
            leg: 0, attempt: 1, signature: "sig", bytes: "b", lastValidSlot: 1, quote: Samples.quote("meteora"), minOut: BaseUnits(1))
        _ = try await test.pipeline.step(.submit([transaction], attempt: 1, maxAttempts: 3), executing)
        guard steps > 1 else { return order }
        let fill = Fill(
            executedPrice: "145.48", amountOut: BaseUnits(218_220_000), amountOutDecimal: "218.22", realisedSlippageBps: 0, networkFeeLamports: 5000)
        _ = try await test.pipeline.step(.confirm(fill), executing)
        return order
    }

    @Test func `an order is answered with 202, where to look for it and where to listen`() async throws {
        try await withGateway { test, http in
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            let answer = try await http.post(Self.order, "traceparent: \(trace)", "X-Forwarded-Proto: https")
            #expect(answer.status == 202)
            let id = try id(answer)
            let job = try #require(answer["jobId"]?.string)
            #expect(answer.header("Location") == "/api/orders/\(id)")
            #expect(answer.header("Idempotent-Replayed") == nil)
            try expectMembers(
                answer.body,
                #"{"success":true,"orderId":"\#(id)","jobId":"\#(job)","status":"pending","message":"Order created and enqueued for processing","#
                    + #""slippageBps":100,"wsUrl":"wss://engine.test/api/orders/status/\#(id)","websocketUrl":"wss://engine.test/ws/orders/\#(id)"}"#)
            let stored = try #require(try await test.pipeline.snapshot(id))
            #expect(stored.order.traceparent == trace && stored.order.amountIn == BaseUnits(1_500_000_000))
            let entries = try await test.redis.send(["XRANGE", test.keys.accepted, "-", "+"]).array
            #expect(entries?.map { $0.array?.first?.string } == [job])
        }
    }

    @Test(
        arguments: [
            ([], nil, "ws://engine.test", ""), (["X-Forwarded-Proto: https"], nil, "wss://engine.test", ""),
            (["X-Forwarded-Proto: HTTPS,http"], nil, "wss://engine.test", ""), (["X-Forwarded-Proto: http, https"], nil, "ws://engine.test", ""),
            (["X-Forwarded-Proto: wss"], nil, "wss://engine.test", ""), (["X-Forwarded-Ssl: on"], nil, "wss://engine.test", ""),
            (["Forwarded: for=1.2.3.4; proto=https;host=a, proto=http"], nil, "wss://engine.test", ""),
            (["Forwarded: for=1.2.3.4, proto=https"], nil, "ws://engine.test", ""), (["Forwarded: Proto=\"https\""], nil, "wss://engine.test", ""),
            ([], "http://localhost:19066/engine", "ws://localhost:19066/engine", "/engine"),
            (["X-Forwarded-Proto: http"], "https://a.example/x/y", "wss://a.example/x/y", "/x/y"), ([], "https://a.example", "wss://a.example", ""),
        ] as [([String], String?, String, String)])
    func `the URLs of an answer are those that the client can reach`(_ headers: [String], _ publicURL: String?, _ socket: String, _ path: String)
        async throws
    {
        try await withGateway(publicURL.map { ["PUBLIC_URL": $0] } ?? [:]) { _, http in
            let answer = try await http.send("POST", "/api/orders/execute", ["Content-Type: application/json"] + headers, body: Self.order)
            let id = try id(answer)
            #expect(answer.header("Location") == "\(path)/api/orders/\(id)")
            #expect(answer["wsUrl"]?.string == "\(socket)/api/orders/status/\(id)")
        }
    }

    @Test func `what is not known of an order is refused or named in the answer, and a second key is refused`() async throws {
        try await withGateway { test, http in
            let noted = try await http.post(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":0.30000000000000004,"slippage":0.5,"note":"x"}"#)
            #expect(noted.status == 202 && noted["slippageBps"]?.integer == 5000)
            #expect(noted["warnings"]?.array?.compactMap { $0["field"]?.string } == ["slippage", "note"])
            let snake = try await http.post(#"{"token_in":"SOL","token_out":"USDC","amount":1,"note":"x"}"#)
            #expect(snake["warnings"]?.array?.count == 1)
            #expect(try await http.post(Self.order)["warnings"] == nil)
            for member in [#""slipage":0.01"#, #""limitPrice":1"#, #""type":"limit""#] {
                let refused = try await http.post(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1,\#(member)}"#)
                #expect(refused.status == 400 && refused["errors"]?.array?.count == 1)
            }
            let twice = try await http.post(Self.order, "Idempotency-Key: a", "Idempotency-Key: a")
            #expect(twice.status == 400 && twice["errors"]?.array?.first?["field"]?.string == "Idempotency-Key")
            #expect(
                try await http.send("POST", "/api/orders/execute?dryRun=true", ["Content-Type: application/json"], body: Self.order).status == 400)
            #expect(try await test.redis.send(["XLEN", test.keys.accepted]).integer == 3)
            let stored = try await id(http.post(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":0.30000000000000004}"#))
            #expect(try await test.pipeline.snapshot(stored)?.order.amount == "0.3")
        }
    }

    @Test func `every path but those of probes says which parameters it takes`() async throws {
        try await withGateway { test, http in
            let open = Set(test.process.router.queries.filter { $0.names == nil }.map(\.path))
            // A socket's path is refused before its parameters are read.
            #expect(open == Set(Dialects.all.filter { !$0.showsOrder }.map { $0.socket.path } + ["/health", "/v1/stream"]))
            for path in ["/api/orders?userid=a", "/api/tokens?x=1", "/api/streams?after=1", "/api/doctor?stuckAfterSeconds=1&stuckAfterSeconds=2"] {
                let answer = try await http.get(path)
                #expect(answer.status == 400 && answer["code"]?.string == "BAD_REQUEST", "\(path)")
            }
            let time = try await http.get("/api/orders?from=2026-01-10T07:30:00+00:00")
            #expect(time["errors"]?.array?.first?["message"]?.string?.contains("%2B") == true)
        }
    }

    @Test func `a request in snake case is answered in snake case`() async throws {
        try await withGateway(["PUBLIC_URL": "https://engine.example"]) { _, http in
            let answer = try await http.post(#"{"token_in":"sol","token_out":"usdc","amount":"1.5","max_slippage":0.02}"#)
            #expect(answer.status == 202)
            let id = try #require(answer["order_id"]?.string)
            try expectMembers(answer.body, #"{"order_id":"\#(id)","status":"pending"}"#)
            let camel = try await http.post(Self.order)
            #expect(camel["websocketUrl"]?.string == "wss://engine.example/ws/orders/\(try self.id(camel))")
        }
    }

    @Test func `the same key with the same order is the same order, also at once; with another order it is refused`() async throws {
        try await withGateway { test, http in
            let racing = (0..<5).map { _ in Loop.spawn { try await http.post(Self.order, "Idempotency-Key: k1") } }
            var answers: [Answer] = []
            for answer in racing { answers.append(try await answer.value) }
            #expect(answers.allSatisfy { $0.status == 202 })
            #expect(Set(answers.map(\.body)).count == 1)
            #expect(answers.count { $0.header("Idempotent-Replayed") == "true" } == 4)
            #expect(try await test.redis.send(["XLEN", test.keys.accepted]).integer == 1)
            let other = try await http.post(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":2}"#, "Idempotency-Key: k1")
            #expect(other.status == 422 && other["code"]?.string == "IDEMPOTENCY_CONFLICT")
        }
    }

    @Test func `a bad order is refused with every bad field, and leaves nothing behind`() async throws {
        try await withGateway { test, http in
            let bad = try await http.post(#"{"tokenIn":"SOL","tokenOut":"NOPE","amount":0}"#)
            #expect(bad.status == 400 && bad["success"]?.bool == false && bad["error"]?.string != nil)
            #expect(bad["errors"]?.array?.compactMap { $0["field"]?.string } == ["tokenOut", "amount"])
            #expect(bad.header("Content-Type") == "application/problem+json")
            #expect(try await http.post("{").status == 400)
            let type = try await http.send("POST", "/api/orders/execute", ["Content-Type: text/plain"], body: Self.order)
            #expect(type.status == 415 && type["code"]?.string == "UNSUPPORTED_MEDIA_TYPE")
            let charset = ["Content-Type: Application/JSON ; charset=utf-8"]
            #expect(try await http.send("POST", "/api/orders/execute", charset, body: Self.order).status == 202)
            #expect(try await test.redis.send(["XLEN", test.keys.accepted]).integer == 1)
            #expect(test.process.metrics.render().contains(#"orders_received_total{outcome="refused"} 3"#))
        }
    }

    @Test func `an order is shown with its events, on either path, and only the events asked for`() async throws {
        try await withGateway { test, http in
            let order = try await accepted(test, 2)
            let shown = try await http.get("/api/orders/\(order.id)")
            #expect(shown.status == 200)
            #expect(shown["status"]?.string == "confirmed" && shown["txHash"]?.string == "sig" && shown["amountOutDecimal"]?.string == "218.22")
            #expect(try await http.get("/api/orders/status/\(order.id.description.uppercased())").body == shown.body)
            let events = try await http.get("/api/orders/\(order.id)/events?after=5")
            #expect(events["events"]?.array?.compactMap { $0["seq"]?.integer } == [6, 7])
            for after in ["-1", "x", ""] {
                let refused = try await http.get("/api/orders/\(order.id)/events?after=\(after)")
                #expect(refused.status == 400 && refused["errors"]?.array?.first?["field"]?.string == "after")
            }
        }
    }

    @Test func `an id that is none is a bad request; one that nobody knows is unknown only if Postgres says so too`() async throws {
        try await withGateway { _, http in
            #expect(try await http.get("/api/orders/abc").status == 400)
            let away = try await http.get("/api/orders/\(Samples.id())")
            #expect(away.status == 503 && away.header("Retry-After") == "2")
            #expect(try await http.send("DELETE", "/api/orders/\(Samples.id())").status == 503)
        }
        try await withStore { store, database in
            let (known, lost) = (Samples.order(), Samples.order())
            try await store.save(known, eventsOfSuccess(known.id))
            try await store.save(lost, [eventsOfSuccess(lost.id)[0]])
            try await withGateway(["DATABASE_URL": database]) { _, http in
                try await eventually { try await http.get("/api/orders/\(known.id)").status == 200 }
                // The second id is of a partition that does not exist, so no Redis has it either.
                for id in [Samples.id(), OrderID(parsing: "0198c1f2-0000-7000-8000-0000000000ff")!] {
                    let missing = try await http.get("/api/orders/\(id)")
                    #expect(missing.status == 404 && missing["code"]?.string == "UNKNOWN_ORDER")
                    #expect(try await http.send("DELETE", "/api/orders/\(id)").status == 404)
                }
                let left = try await http.send("DELETE", "/api/orders/\(known.id)")
                #expect(left.status == 409 && left["code"]?.string == "ORDER_FINAL")
                let gone = try await http.send("DELETE", "/api/orders/\(lost.id)")
                #expect(gone.status == 409 && gone["code"]?.string == "ORDER_LOST")
            }
        }
    }

    @Test func `what has no transaction under way can be cancelled, also twice`() async throws {
        try await withGateway { test, http in
            let order = try await accepted(test, 0)
            for _ in 0..<2 {
                let answer = try await http.send("DELETE", "/api/orders/\(order.id)")
                #expect(answer.status == 200 && answer["status"]?.string == "cancelled")
            }
            #expect(try await test.events(order).map(\.type) == [.pending, .cancelled])
        }
    }

    @Test(arguments: [(1, "ORDER_SUBMITTED"), (2, "ORDER_FINAL")])
    func `an order whose transaction is under way or that has ended is not cancelled`(_ steps: Int, _ code: String) async throws {
        try await withGateway { test, http in
            let order = try await accepted(test, steps)
            let before = try await test.events(order)
            let answer = try await http.send("DELETE", "/api/orders/\(order.id)")
            #expect(answer.status == 409 && answer["code"]?.string == code)
            #expect(try await test.events(order) == before)
        }
    }

    @Test func `an order that cannot be read is our fault, not Redis'`() async throws {
        try await withGateway { test, http in
            let order = try await accepted(test, 0)
            _ = try await test.redis.send(["HSET", test.keys.order(order.id), "o", "{"])
            #expect(try await http.get("/api/orders/\(order.id)").status == 500)
        }
    }

    @Test(arguments: ["/api/orders/execute", "/api/orders/status", "/ws/orders/x", "/v1/stream"])
    func `a socket's path without an upgrade asks for one`(_ path: String) async throws {
        try await withGateway { _, http in
            let answer = try await http.get(path)
            #expect(answer.status == 426 && answer.header("Upgrade") == "websocket")
        }
    }

    @Test func `health is well only while each service has a process that beats`() async throws {
        try await withGateway { test, http in
            let first = try await http.get("/health")
            #expect(first.status == 503 && first["status"]?.string == "degraded")
            #expect(first["services"]?["gateway"]?["alive"]?.integer == 1)
            for service in ["router", "executor", "notifier", "notifier"] {
                let beat = Heartbeat(redis: test.redis, service: service, name: "\(service)-\(Samples.id())") {
                    service == "notifier" ? ["sockets": "3", "ordersWatched": "2"] : [:]
                }
                await beat.beat()
            }
            let second = try await http.get("/health")
            // There is no Postgres here. HealthRouteTests look at that.
            #expect(second.status == 200 && second["redis"]?.string == "up")
            #expect(second["services"]?["notifier"]?["alive"]?.integer == 2)
            #expect(second["websocket"]?["totalClients"]?.integer == 6 && second["websocket"]?["connectedOrders"]?.integer == 4)
        }
    }

    @Test func `the streams show what waits, for whom, and since when`() async throws {
        try await withGateway { test, http in
            for _ in 0..<3 { try await test.accept(Samples.order()) }
            _ = try await test.take(.router)
            let answer = try await http.get("/api/streams")
            let stream = try #require(answer["streams"]?.array?.first { $0["stream"]?.string == "accepted" })
            #expect(stream["key"]?.string == "orders:{0}:accepted" && stream["length"]?.integer == 3)
            let group = try #require(stream["groups"]?.array?.first)
            #expect(group["group"]?.string == "router" && group["lag"]?.integer == 2 && group["pending"]?.integer == 1)
            #expect(group["lagKnown"]?.bool == true)
            #expect(answer["retries"]?["waiting"]?.integer == 0 && answer["deadLetters"]?.integer == 0)
        }
    }

    @Test func `tokens and pools are listed`() async throws {
        try await withGateway { _, http in
            #expect(try await http.get("/api/tokens")["tokens"]?.array?.contains { $0["symbol"]?.string == "SOL" } == true)
            let pool = try #require(try await http.get("/api/pools")["pools"]?.array?.first)
            #expect(pool["dex"]?.string == "raydium" && pool["baseReserve"]?.string == "70000")
        }
    }

    @Test func `a list is read in pages, narrowed by what is asked for, newest first`() async throws {
        try await withStore { store, database in
            let orders = (0..<3).map { _ in Samples.order(user: "ann") } + [Samples.order(user: "bob")]
            for order in orders { try await store.save(order, [eventsOfSuccess(order.id)[0]]) }
            try await withGateway(["DATABASE_URL": database]) { _, http in
                try await eventually { try await http.get("/api/orders?userId=ann").status == 200 }
                var found: [String?] = []
                var path = "/api/orders?userId=ann&status=pending,failed&limit=2"
                for expected in [2, 1] {
                    let page = try await http.get(path)
                    #expect(page["orders"]?.array?.count == expected)
                    found += (page["orders"]?.array ?? []).map { $0["orderId"]?.string }
                    path = "/api/orders?userId=ann&limit=2&cursor=\(page["nextCursor"]?.string ?? "")"
                    #expect((page["nextCursor"]?.isNull == true) == (expected == 1))
                }
                #expect(Set(found) == Set(orders.prefix(3).map { $0.id.description }))
                #expect(try await http.get("/api/orders?userId=ann&status=confirmed")["orders"]?.array?.isEmpty == true)
            }
        }
    }

    @Test func `what is wrong with a list's parameters is named, all at once`() async throws {
        try await withGateway { _, http in
            let answer = try await http.get("/api/orders?status=done&from=yesterday&limit=101&cursor=x")
            #expect(answer.status == 400)
            #expect(answer["errors"]?.array?.compactMap { $0["field"]?.string } == ["status", "from", "limit", "cursor"])
            #expect(try await http.get("/api/orders").status == 503)
        }
    }

    @Test(arguments: ["GET", "DELETE", "streams", "health", "door"])
    func `without Redis reads, cancellations and figures are 503 with a time to come back`(_ what: String) async throws {
        try await withServer(try await unconnectedGateway().process) { http in
            switch what {
            case "streams", "health", "door":
                let answer = try await http.get(what == "health" ? "/health" : "/api/\(what)")
                #expect(answer.status == 503)
                // The gateway's own time, because it has never learned the time of Redis.
                if what == "health" { #expect(try #require(answer["timestamp"]?.string) > "2026") }
            default:
                let answer = try await http.send(what, "/api/orders/\(Samples.id())")
                #expect(answer.status == 503 && answer.header("Retry-After") == "2")
                #expect(answer["code"]?.string == "UNAVAILABLE")
            }
        }
    }
}
