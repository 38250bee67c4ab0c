import EventLoop
import JSON
import Redis
import TestSupport
import Testing

/// Tests requests that are no orders: each gets its own answer, and leaves nothing in Redis.
@Suite("Refusals", .onLoop, .engine(replicas: [.router: 0, .executor: 0])) @ServiceActor
struct RefusalTests {
    /// A bad order: its body, and the error of each field.
    struct Bad: Sendable, CustomTestStringConvertible {
        let body: String
        let errors: [String: String]

        init(_ body: String, _ errors: [String: String]) {
            self.body = body
            self.errors = errors
        }

        var testDescription: String { body }
    }

    private nonisolated static func order(amount: String) -> String { #"{"tokenIn":"SOL","tokenOut":"USDC","amount":\#(amount)}"# }
    private nonisolated static func order(with member: String) -> String { #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1,\#(member)}"# }
    private nonisolated static let positive = "amount must be greater than 0"
    private nonisolated static let malformed = #"amount must be a number, or a text such as "1.5" or "1e-7" without plus sign, spaces and separators"#
    private nonisolated static let unknown = "must be the symbol or mint address of a known token, see GET /api/tokens"
    private nonisolated static let types =
        #"must be one of "market", "limit", "stop", "stopLimit", "takeProfit", "trailingStop", "sniper""#
    private nonisolated static let fraction = "must be a number from 0.0001 to 0.5: a fraction, 0.01 is 1 %"

    private nonisolated static let amounts = [
        Bad(order(amount: "0"), ["amount": positive]), Bad(order(amount: #""0.0""#), ["amount": positive]),
        Bad(order(amount: "-1"), ["amount": positive]), Bad(order(amount: #""-1""#), ["amount": positive]),
        Bad(order(amount: #""+1""#), ["amount": malformed]),
        Bad(order(amount: #""1e""#), ["amount": malformed]), Bad(order(amount: #"" 1""#), ["amount": malformed]),
        Bad(order(amount: "true"), ["amount": malformed]), Bad(order(amount: "[1]"), ["amount": malformed]),
        Bad(order(amount: "1.0000000001"), ["amount": "amount must have at most 9 digits after the point"]),
        Bad(order(amount: "18446744074"), ["amount": "amount must be at most 18446744073709551615 base units"]),
        Bad(order(amount: "1e400"), ["amount": "amount must be at most 18446744073709551615 base units"]),
    ]

    private nonisolated static let tokens = [
        Bad(#"{"tokenIn":"SOL","tokenOut":"NOPE","amount":1}"#, ["tokenOut": "tokenOut \(unknown)"]),
        Bad(
            #"{"tokenIn":"","tokenOut":7,"amount":1}"#,
            [
                "tokenIn": "tokenIn \(unknown)", "tokenOut": "tokenOut must be a text: a token's symbol or mint address",
            ]),
        Bad(#"{"tokenIn":"SOL","tokenOut":"sol","amount":1}"#, ["tokenOut": "tokenOut must not be the same token as tokenIn"]),
        Bad(
            #"{"token_in":"SOL","token_out":"So11111111111111111111111111111111111111112","amount":1}"#,
            ["token_out": "token_out must not be the same token as token_in"]),
    ]

    private nonisolated static let shapes = [
        Bad("{}", ["tokenIn": "tokenIn is required", "tokenOut": "tokenOut is required", "amount": "amount is required"]),
        Bad(#"{"inputToken":"SOL","outputToken":"USDC","amount":1}"#, ["userId": "userId is required in a request with inputToken"]),
        Bad(order(with: #""amountIn":2"#), ["amountIn": "amountIn is another name of amount: give only one of them"]),
        Bad(order(with: #""token_in":"RAY""#), ["token_in": "token_in is another name of tokenIn: give only one of them"]),
        Bad(order(with: #""orderType":"iceberg""#), ["orderType": "orderType \(types)"]),
        Bad(order(with: #""order_type":3"#), ["order_type": "order_type \(types)"]),
        Bad(order(with: #""userId":"""#), ["userId": "userId must be a text of 1 to 255 characters"]),
        Bad(order(with: #""deadline":0"#), ["deadline": "deadline must be from 1 to 86400 where it is a number: whole seconds from now"]),
        Bad(order(with: #""deadline":"2020-01-01T00:00:00Z""#), ["deadline": "deadline must not be in the past"]),
        Bad(order(with: #""clientOrderId":"a b""#), ["clientOrderId": "clientOrderId must be 1 to 255 visible ASCII characters"]),
        Bad(order(with: #""slippage":0.6"#), ["slippage": "slippage \(fraction)"]),
        Bad(order(with: #""slippage":0"#), ["slippage": "slippage \(fraction)"]),
        Bad(order(with: #""slippage":"1%""#), ["slippage": "slippage \(fraction)"]),
        Bad(order(with: #""slippageBps":5001"#), ["slippageBps": "slippageBps must be a whole number from 1 to 5000"]),
        Bad(order(with: #""slipage":0.01"#), ["slipage": "slipage is not known here: the name is slippage"]),
        Bad(
            order(with: #""limitPrice":500"#),
            ["limitPrice": "limitPrice is for orders that wait: give an orderType such as limit"]),
        Bad(
            order(with: #""slippage":0.01,"slippageBps":100"#), ["slippageBps": "slippageBps must not be given together with slippage"]),
        Bad(
            #"{"tokenIn":"X","tokenOut":"Y","amount":"-","slippage":9,"deadline":-1,"orderType":"stop","userId":5}"#,
            [
                "tokenIn": "tokenIn \(unknown)", "tokenOut": "tokenOut \(unknown)", "amount": malformed, "slippage": "slippage \(fraction)",
                "deadline": "deadline is for market orders: give expiresAt",
                "triggerPrice": "triggerPrice is required for an order of the type stop", "userId": "userId must be a text of 1 to 255 characters",
            ]),
    ]

    @Test(arguments: amounts + tokens + shapes)
    func `Every bad field of an order is named at once, with what it must be`(bad: Bad) async throws {
        try await expectNothingLeft {
            let answer = try await Engine.current.post(bad.body)
            try checkProblem(answer, 400, "BAD_REQUEST")
            let errors = (answer.json["errors"]?.array ?? []).map { ($0["field"]?.string ?? "", $0["message"]?.string ?? "") }
            #expect(Dictionary(errors) { $1 } == bad.errors)
            if errors.count == 1 { #expect(answer.json["error"]?.string == errors[0].1) }
        }
    }

    @Test(
        arguments: [
            ("", "BAD_JSON"), ("{", "BAD_JSON"), (#"{"tokenIn":"SOL",}"#, "BAD_JSON"), (#"{'tokenIn':'SOL'}"#, "BAD_JSON"),
            (#"{"tokenIn":"SOL","tokenIn":"RAY"}"#, "BAD_JSON"), (#"{"tokenIn":"\u0000"}"#, "BAD_JSON"), (#"{"tokenIn":"\ud800"}"#, "BAD_JSON"),
            (#"{"amount":01}"#, "BAD_JSON"), (#"{"amount":NaN}"#, "BAD_JSON"), (#"{} {}"#, "BAD_JSON"), (#"[[[[[[[[[]]]]]]]]]"#, "BAD_JSON"),
            ("[]", "BAD_REQUEST"), ("null", "BAD_REQUEST"), ("1", "BAD_REQUEST"),
        ])
    func `A body that is no JSON object is refused as such`(body: String, code: String) async throws {
        try await expectNothingLeft { try checkProblem(try await Engine.current.post(body), 400, code) }
    }

    @Test func `A key that is given twice is named`() async throws {
        let answer = try await Engine.current.post(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"amount":2}"#)
        #expect(answer.json["errors"]?.array?.map { $0["field"]?.string } == ["amount"])
    }

    @Test(arguments: [16 * 1024 + 1, 1 << 20])
    func `A body over 16 KiB is 413, however large`(bytes: Int) async throws {
        let filler = String(repeating: " ", count: bytes - Engine.usualOrder.utf8.count)
        try await expectNothingLeft {
            let answer = try await Engine.current.post(Engine.usualOrder + filler)
            try checkProblem(answer, 413, answer.json["code"]?.string ?? "")
        }
    }

    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
    func `What is not sent as JSON is 415`(type: String) async throws {
        try await expectNothingLeft {
            try checkProblem(try await Engine.current.post(Engine.usualOrder, type: type), 415, "UNSUPPORTED_MEDIA_TYPE")
        }
    }

    @Test(arguments: ["a b", String(repeating: "k", count: 256)])
    func `An Idempotency-Key with spaces or of 256 characters is refused`(key: String) async throws {
        try await expectNothingLeft {
            let answer = try await Engine.current.post(Engine.usualOrder, key: key)
            try checkProblem(answer, 400, "BAD_REQUEST")
            #expect(answer.json["errors"]?.array?.first?["field"]?.string == "Idempotency-Key")
        }
    }

    @Test func `A method that the path does not know is 405 and says which it does`() async throws {
        let answer = try await Engine.current.send("PUT", "/api/orders/execute", body: "{}")
        try checkProblem(answer, 405, answer.json["code"]?.string ?? "")
        #expect(answer.header("Allow")?.contains("POST") ?? false)
    }

    @Test func `A path or an order that does not exist is 404, and an id that is no UUID is 400`() async throws {
        let engine = Engine.current
        let unknown = "0198c1f2-0000-7000-8000-00000000abcd"
        try checkProblem(try await engine.send("GET", "/nowhere"), 404, "NOT_FOUND")
        try checkProblem(try await engine.send("GET", "/api/orders/x"), 400, "BAD_REQUEST")
        for path in ["/api/orders/\(unknown)", "/api/orders/status/\(unknown)", "/api/orders/\(unknown)/events"] {
            try checkProblem(try await engine.send("GET", path), 404, "UNKNOWN_ORDER")
        }
    }

    private func checkProblem(_ answer: Engine.Answer, _ status: Int, _ code: String) throws {
        let json = answer.json
        #expect(answer.status == status && json["status"]?.integer == Int64(status), "\(answer.text)")
        #expect(answer.header("Content-Type") == "application/problem+json")
        #expect(json["success"]?.bool == false)
        #expect(json["code"]?.string == code && !code.isEmpty, "\(answer.text)")
        #expect(json["error"]?.string?.isEmpty == false)
    }

    /// Compares the keys in Redis before and after. Refusals run side by side, which does not matter: none of them may leave anything.
    private func expectNothingLeft(_ request: @ServiceActor () async throws -> Void) async throws {
        let before = try await orderKeys()
        try await request()
        #expect(try await orderKeys() == before)
        #expect(try await Engine.current.redis.send(["XLEN", "orders:{0}:accepted"]).integer == 0)
        #expect(try await Engine.current.redis.send(["XLEN", "orders:{0}:events"]).integer == 0)
    }

    private func orderKeys() async throws -> Set<String> {
        let keys = try await Engine.current.redis.send(["KEYS", "*"]).array ?? []
        // Heartbeats come and go, and so do the keys that keep the time.
        return Set(keys.compactMap(\.string).filter { !$0.hasPrefix("orders:{services}") && !$0.hasSuffix(":clock") })
    }
}
