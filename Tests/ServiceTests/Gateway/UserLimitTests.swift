import Access
import Configuration
import EventLoop
import JSON
import Observability
import Orders
import ServiceKit
import TestSupport
import Testing

@testable import GatewayService
@testable import HTTP
@testable import Pipeline

/// Tests what one user may order, by the settings and by its key, and what it is told.
@Suite(.onLoop) @ServiceActor
struct UserLimitTests {
    private func order(_ amount: String = "1.5", _ more: String = "", token: String = "SOL") -> String {
        #"{"tokenIn":"\#(token)","tokenOut":"\#(token == "USDC" ? "SOL" : "USDC")","amount":\#(amount)\#(more)}"#
    }

    private func expectLimit(
        _ answer: Answer, _ sentence: String, at location: SourceLocation = #_sourceLocation
    ) {
        #expect(
            answer.status == 422 && answer["code"]?.string == "LIMIT_EXCEEDED" && answer["error"]?.string == sentence, "\(answer.body)",
            sourceLocation: location)
    }

    @Test func `a user with as many open orders as it may have is told so, and its repeated order is answered`() async throws {
        try await withGateway(["USER_OPEN_ORDERS": "2"]) { test, http in
            let first = try await http.post(order("1", #","userId":"u""#), "Idempotency-Key: one")
            #expect(first.status == 202)
            #expect(try await http.post(order("2", #","userId":"u""#)).status == 202)
            expectLimit(
                try await http.post(order("3", #","userId":"u""#), "Idempotency-Key: two"),
                "One user may have 2 open orders at once; wait until one has ended, or cancel one")
            let again = try await http.post(order("1", #","userId":"u""#), "Idempotency-Key: one")
            #expect(again.status == 202 && again["orderId"] == first["orderId"] && again.header("Idempotent-Replayed") == "true")
            #expect(try await http.post(order("3", #","userId":"v""#)).status == 202)
            // All who name no user count as one.
            for status in [202, 202, 422] { #expect(try await http.post(order()).status == status) }
            #expect(try await test.pipeline.cancel(try #require(OrderID(parsing: first["orderId"]?.string ?? ""))) == .cancelled)
            #expect(try await http.post(order("3", #","userId":"u""#), "Idempotency-Key: two").status == 202)
        }
    }

    @Test func `orders within a minute are limited, and the answer says when to try again`() async throws {
        try await withGateway(["USER_ORDERS_PER_MIN": "2"]) { _, http in
            for _ in 0..<2 { #expect(try await http.post(order()).status == 202) }
            let answer = try await http.post(order())
            let wait = try #require(answer.header("Retry-After").flatMap { Int($0) })
            #expect((55...60).contains(wait))
            expectLimit(answer, "One user may place 2 orders a minute; try again in \(wait) s")
        }
    }

    @Test(arguments: [
        ("100", "SOL", 202), ("\"1e2\"", "SOL", 202), ("100.000000001", "SOL", 422), ("18446744073", "SOL", 422), ("20000.5", "USDC", 202),
        ("20000.500001", "USDC", 422), ("20000.500002", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 422),
    ])
    func `an order sells at most what is set for its token, exact to the last unit`(_ amount: String, _ token: String, _ status: Int) async throws {
        try await withGateway(["ORDER_NOTIONAL_MAX": "sol=100, USDC=20000.5"]) { _, http in
            let out = token == "SOL" ? "USDC" : "SOL"
            let answer = try await http.post(#"{"tokenIn":"\#(token)","tokenOut":"\#(out)","amount":\#(amount)}"#)
            #expect(answer.status == status, "\(answer.body)")
            guard status == 422 else { return }
            let most = token == "SOL" ? "100 SOL" : "20000.5 USDC"
            expectLimit(answer, "One order may sell at most \(most); place a smaller order")
            #expect(answer["errors"]?.array?.first?["field"]?.string == "amount")
        }
    }

    @Test func `a token without a maximum is not sold, and can be bought`() async throws {
        try await withGateway(["ORDER_NOTIONAL_MAX": "SOL=100"]) { _, http in
            expectLimit(try await http.post(order("1", token: "USDC")), "No order may sell USDC here; sell another token")
            #expect(try await http.post(order("1")).status == 202)
        }
    }

    @Test(
        arguments: [
            (#"{"amount":20000.5}"#, nil, ""),
            (#"{"amount":20000.500001}"#, "One order may sell at most 20000.5 USDC; place a smaller order", "then.amount"),
            ("{}", "Give the following order an amount: one order may sell at most 20000.5 USDC, and more than that might come in", "then.amount"),
            (#"{"tokenIn":"SOL","tokenOut":"WIF","amount":100.5}"#, "One order may sell at most 100 SOL; place a smaller order", "then.amount"),
            (#"{"tokenIn":"WIF","tokenOut":"USDC","amount":1}"#, "No order may sell WIF here; sell another token", "then.tokenIn"),
            (
                #"[{"orderType":"limit","limitPrice":"120","amount":1},{"orderType":"stop","triggerPrice":"999","amount":20001}]"#,
                "One order may sell at most 20000.5 USDC; place a smaller order", "then.amount"
            ),
        ] as [(String, String?, String)])
    func `an order that follows another one sells no more than any order may`(_ then: String, _ sentence: String?, _ field: String) async throws {
        try await withGateway(["ORDER_NOTIONAL_MAX": "SOL=100,USDC=20000.5"]) { _, http in
            let answer = try await http.post(order("1", #","then":\#(then)"#))
            guard let sentence else {
                #expect(answer.status == 202, "\(answer.body)")
                return
            }
            expectLimit(answer, sentence)
            #expect(answer["errors"]?.array?.first?["field"]?.string == field)
        }
    }

    @Test func `an order that follows may have no amount where it may sell any`() async throws {
        try await withGateway { _, http in
            let answer = try await http.post(order("1", #","then":{}"#))
            #expect(answer.status == 202)
        }
    }

    @Test func `a repeated order is answered though it would be too large by now`() async throws {
        try await withGateway { test, http in
            let first = try await http.post(order(), "Idempotency-Key: k")
            let settings = try load(
                GatewaySettings.self, redis: "redis://127.0.0.1:1", ["ORDER_NOTIONAL_MAX": "SOL=1", "USER_OPEN_ORDERS": "1"])
            let stricter = TestProcess(process: test.process, settings: settings)
            let acceptance = try Acceptance(
                settings: settings, process: stricter.process, tokens: try Samples.tokens(), triggers: TriggerCheck(FakeMarks(), test.process),
                admission: Admission(
                    limits: AdmissionLimits(maxBacklog: 1000, maxWait: nil), lag: LagSampler(pipeline: test.pipeline),
                    pressure: RedisPressure(redis: test.redis, log: test.process.log), intake: IntakeWatch(pipeline: test.pipeline)),
                outcomes: test.process.metrics.counters("orders_received_again_total", help: "Of the test.", by: ["outcome"]))
            let again = try await acceptance.accept(order(), key: "k").get()
            #expect(again.isReplay && again.id.description == first["orderId"]?.string)
            guard case .failure(let refusal) = await acceptance.accept(order(), key: "l") else { throw TestFailure("taken") }
            #expect(refusal.code == "LIMIT_EXCEEDED")
        }
    }

    @Test func `a token that is not known, or an amount that is none, ends the start`() async throws {
        await #expect(throws: StartError.self) { try await withGateway(["ORDER_NOTIONAL_MAX": "NOPE=1"]) { _, _ in } }
        for text in ["SOL", "SOL=", "SOL=0", "SOL=0.0", "SOL=-1", "SOL=1e3", "SOL=1.", "=1", "SOL=1,SOL=2", "SOL=1,,USDC=1", "SOL=1=2"] {
            #expect(throws: ConfigurationError.self, "\(text)") {
                try load(GatewaySettings.self, redis: "redis://127.0.0.1:1", ["ORDER_NOTIONAL_MAX": text])
            }
        }
    }

    /// Asks a gateway on a cluster that is away for more partitions. One of its keys has these limits.
    private func growing(_ keys: TestKeys, _ limits: KeyLimits) async throws -> Int {
        let limited = try KeyFile(parsing: Array(contents(of: keys.path).utf8)).keys.map { key in
            APIKey(name: key.name, digest: key.digest, scopes: key.scopes, user: key.user, limits: key.name == "bot" ? limits : KeyLimits())
        }
        try keys.replace(with: KeyFile(keys: limited).text)
        let process = ServiceProcess.unconnected(
            try load(GatewaySettings.self, redis: "redis+cluster://127.0.0.1:1", ["API_KEYS_FILE": keys.path]))
        PartitionRoutes(process: process, countsOrders: false).add(to: process.router)
        var status = 0
        try await withServer(process) { http in
            status = try await http.send("POST", "/api/partitions/grow", [keys.header("op")], body: #"{"count":4}"#).status
        }
        return status
    }

    @Test func `a cluster does not grow to partitions over which the orders of a key could not be counted`() async throws {
        try await withKeys { keys in
            var answers: [Int] = []
            for limits in [KeyLimits(openOrders: 3), KeyLimits(ordersPerMinute: 3), KeyLimits(orders: 3)] {
                answers.append(try await growing(keys, limits))
            }
            #expect(answers == [409, 409, 503], "nothing is in the way of the last one but that Redis is away")
        }
    }

    @Test func `the limits of a key stand in place of the usual ones, and all keys of a user have one count`() async throws {
        try await withKeys { keys in
            let text = try KeyFile(parsing: Array(contents(of: keys.path).utf8)).keys.map { key in
                APIKey(
                    name: key.name, digest: key.digest, scopes: key.scopes.union(.trade), user: key.user,
                    limits: key.name == "bot"
                        ? KeyLimits(openOrders: 3, ordersPerMinute: 9, notional: NotionalLimit([.init(token: "SOL", amount: "1")!])) : KeyLimits())
            }
            try keys.replace(with: KeyFile(keys: text).text)
            let settings = ["API_KEYS_FILE": keys.path, "USER_OPEN_ORDERS": "2", "USER_ORDERS_PER_MIN": "4", "ORDER_NOTIONAL_MAX": "SOL=5"]
            try await withGateway(settings) { _, http in
                for status in [202, 202, 202, 422] { #expect(try await http.post(order("1"), keys.header("bot")).status == status) }
                expectLimit(try await http.post(order("1.1"), keys.header("bot")), "One order may sell at most 1 SOL; place a smaller order")
                for status in [202, 202, 422] { #expect(try await http.post(order("5"), keys.header("ant")).status == status) }
                // A key counts whatever users it names, and a user whatever key it has.
                #expect(try await http.post(order("5", #","userId":"w""#), keys.header("ant")).status == 422)
                for (name, status) in [("alice-1", 202), ("alice-2", 202), ("alice-1", 422), ("alice-2", 422)] {
                    #expect(try await http.post(order("5"), keys.header(name)).status == status, "\(name)")
                }
            }
        }
    }
}
