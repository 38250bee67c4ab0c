import Orders
import TestOrders
import TestSupport
import Testing

@testable import Dialects

@Suite struct OrderRequestTests {
    private static let now: UInt64 = 1_768_030_217_789

    private static func reading(_ body: String, keys: [String] = []) throws -> RequestReading {
        RequestReading(body: Array(body.utf8), idempotencyKeys: keys, vocabulary: Dialects.vocabulary, tokens: try Samples.tokens())
    }

    private static func parse(_ body: String, key: String? = nil) throws -> Result<OrderRequest, RequestRefusal> {
        try reading(body, keys: key.map { [$0] } ?? []).result
    }

    /// A body of the required members and these.
    private static func body(_ members: String) -> String { #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"# + members + "}" }

    @Test(
        arguments: [
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5}"#, #"{"amountIn":"1.50","tokenIn":"wsol","tokenOut":"usdc","slippage":0.01}"#,
            #"{"token_in":"SOL","token_out":"USDC","amount":1.5,"order_type":"market","max_slippage":0.01,"x":{"y":[]}}"#,
            #"{"tokenIn":"\#(Samples.solMint)","tokenOut":"\#(Samples.usdcMint)","amountIn":15e-1,"slippageBps":100,"orderType":"market"}"#,
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"userId":null,"deadline":null,"slippage":null,"clientOrderId":null}"#,
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"token_out":null,"inputToken":null,"outputToken":null,"max_slippage":null}"#,
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"type":null,"limitPrice":null,"slipage":null,"orderType":"MARKET"}"#,
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":"15e-1","type":"Market","slippageBps":"1e2"}"#,
        ])
    func `Every dialect's request is the same order`(body: String) throws {
        let reading = try Self.reading(body)
        let request = try reading.result.get()
        #expect(request.tokenIn == Samples.sol && request.tokenOut == Samples.usdc)
        #expect(request.amountIn == BaseUnits(1_500_000_000) && request.slippageBps == 100)
        #expect(request.userId == nil && request.deadline == nil && request.idempotencyKey == nil && request.orderType == .market)
        #expect(SnakeCaseDialect.claims(reading) == body.contains("token_in"))
        #expect(request.fingerprint == "market|\(Samples.solMint)|\(Samples.usdcMint)|1500000000|100|-|-")
    }

    @Test func `the user that the status update dialect requires is kept`() throws {
        let reading = try Self.reading(#"{"inputToken":"SOL","outputToken":"USDC","amount":10,"userId":"harsh"}"#)
        #expect(try reading.result.get().userId == "harsh" && !SnakeCaseDialect.claims(reading) && reading.warnings.isEmpty)
        #expect(try Self.parse(Self.body(#""user_id":"\#(String(repeating: "é", count: 255))""#)).get().userId?.text.unicodeScalars.count == 255)
    }

    @Test(
        arguments: [
            (#""slippage":0.0001"#, 1, "0.0001"), (#""slippage":0.5"#, 5000, "0.5"), (#""slippage":1e-2"#, 100, "0.01"),
            (#""slippage":0.0100"#, 100, "0.01"), (#""max_slippage":0.5"#, 5000, "0.5"), (#""max_slippage":0.01"#, 100, "0.01"),
            (#""slippageBps":1"#, 1, "0.0001"), (#""slippageBps":5000"#, 5000, "0.5"), (#""x":1"#, 100, "0.01"),
            (#""slippage":0.00011"#, 1, "0.0001"), (#""slippage":0.0123999"#, 123, "0.0123"), (#""slippage":0.30000000000000004"#, 3000, "0.3"),
            (#""slippage":0.09999999999999998"#, 999, "0.0999"), (#""slippage":"0.01""#, 100, "0.01"), (#""slippage":"1e-2""#, 100, "0.01"),
            (#""slippage":0.01\#(String(repeating: "0", count: 9000))"#, 100, "0.01"), (#""max_slippage":0.0100001"#, 100, "0.01"),
            (#""slippageBps":"50""#, 50, "0.005"), (#""slippageBps":50.0"#, 50, "0.005"), (#""slippageBps":5e1"#, 50, "0.005"),
            (#""slippageBps":"5e1""#, 50, "0.005"), (#""slippage":0.49999"#, 4999, "0.4999"),
        ])
    func `Slippage is whole basis points, never looser than asked for, and kept in its shortest form`(member: String, bps: Int, text: String) throws {
        let request = try Self.parse(Self.body(member)).get()
        #expect(request.slippageBps == bps && request.slippage == text)
    }

    @Test(
        arguments: [
            (#""deadline":1"#, OrderRequest.Deadline.after(seconds: 1), "+1"), (#""deadline":86400"#, .after(seconds: 86_400), "+86400"),
            (#""deadline":"2026-01-10T07:30:17.790Z""#, .at(1_768_030_217_790), "@1768030217790"),
            (#""deadline":"2026-01-11T08:30:17.789+01:00""#, .at(1_768_116_617_789), "@1768116617789"),
        ])
    func `A deadline is a time or seconds from acceptance`(member: String, deadline: OrderRequest.Deadline, fingerprint: String) throws {
        let request = try Self.parse(Self.body(member)).get()
        #expect(request.deadline == deadline)
        #expect(request.fingerprint.hasSuffix("|100|\(fingerprint)|-"))
    }

    @Test(
        arguments: [
            (#""amountIn":1"#, "amountIn"), (#""slippage":0.51"#, "slippage"), (#""slippage":0"#, "slippage"), (#""slippage":-0.01"#, "slippage"),
            (#""slippage":0.00001"#, "slippage"), (#""slippage":0.50001"#, "slippage"), (#""slippage":"1 %""#, "slippage"),
            (#""slippage":1e-400"#, "slippage"), (#""slippage":1e400"#, "slippage"), (#""slippageBps":50.5"#, "slippageBps"),
            (#""slippageBps":"""#, "slippageBps"), (#""slippageBps":18446744073709551616"#, "slippageBps"),
            (#""slippage":true"#, "slippage"), (#""max_slippage":0.0099"#, "max_slippage"), (#""max_slippage":0.6"#, "max_slippage"),
            (#""slippage":0.01,"max_slippage":0.01"#, "max_slippage"), (#""slippage":0.01,"slippageBps":100"#, "slippageBps"),
            (#""slippageBps":0"#, "slippageBps"), (#""slippageBps":5001"#, "slippageBps"), (#""slippageBps":" 50""#, "slippageBps"),
            (#""userId":7"#, "userId"), (#""userId":"""#, "userId"),
            (#""user_id":"\#(String(repeating: "a", count: 256))""#, "user_id"), (#""userId":"a","user_id":"a""#, "user_id"),
            (#""orderType":"dca""#, "orderType"), (#""order_type":1"#, "order_type"), (#""orderType":"markét""#, "orderType"),
            (#""deadline":0"#, "deadline"), (#""deadline":86401"#, "deadline"), (#""deadline":1.5"#, "deadline"), (#""deadline":true"#, "deadline"),
            (#""deadline":1e30"#, "deadline"), (#""deadline":-9223372036854775808"#, "deadline"),
            (#""deadline":"2026-01-10T08:30:00""#, "deadline"), (#""deadline":"1969-01-01T00:00:00Z""#, "deadline"),
            (#""clientOrderId":"""#, "clientOrderId"), (#""clientOrderId":"a b""#, "clientOrderId"), (#""clientOrderId":"é""#, "clientOrderId"),
            (#""clientOrderId":5"#, "clientOrderId"), (#""inputToken":"SOL","userId":"u""#, "inputToken"),
        ])
    func `A bad field is refused under the name the client used`(members: String, field: String) throws {
        let refusal = try #require(throws: RequestRefusal.self) { try Self.parse(Self.body(members)).get() }
        #expect(refusal.code == .badRequest)
        #expect(refusal.errors.map(\.field) == [field])
        #expect(refusal.error == refusal.errors.first?.message)
    }

    @Test(
        arguments: [
            ("{}", ["tokenIn", "tokenOut", "amount"]), (#"{"tokenIn":null,"token_out":"USDC","amountIn":null}"#, ["tokenIn", "amountIn"]),
            (#"{"inputToken":"SOL","outputToken":"USDC","amount":1}"#, ["userId"]), (#"{"outputToken":"USDC"}"#, ["tokenIn", "amount", "userId"]),
            (#"{"tokenIn":"SOL","tokenOut":"wsol","amount":1}"#, ["tokenOut"]),
            (#"{"tokenIn":"SOL","token_out":"\#(Samples.solMint)","amount":1}"#, ["token_out"]),
            (#"{"tokenIn":"DOGE","tokenOut":5,"amount":0}"#, ["tokenIn", "tokenOut", "amount"]),
            (#"{"tokenIn":"DOGE","tokenOut":"USDC","amount":1000000000}"#, ["tokenIn"]),
            (#"{"tokenIn":"USDC","tokenOut":"SOL","amount":0.0000001}"#, ["amount"]),
            (#"{"tokenIn":"SOL","tokenOut":"USDC","amount":-1}"#, ["amount"]),
            (#"{"tokenIn":"SOL","tokenOut":"USDC","amount":"0.30000000000000004"}"#, ["amount"]),
            (#"{"tokenIn":"SOL","tokenOut":"USDC","amount":" 1"}"#, ["amount"]),
            (#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1e11}"#, ["amount"]), (#"{"tokenIn":"SOL","tokenOut":"USDC","amount":[1]}"#, ["amount"]),
            (
                #"{"tokenIn":"?","tokenOut":"?","amount":"x","slippage":9,"userId":1,"orderType":"dca","deadline":-1,"clientOrderId":1}"#,
                ["tokenIn", "tokenOut", "amount", "userId", "clientOrderId", "orderType", "slippage", "deadline"]
            ),
        ])
    func `Tokens and amounts are checked together`(body: String, fields: [String]) throws {
        let refusal = try #require(throws: RequestRefusal.self) { try Self.parse(body).get() }
        #expect(refusal.errors.map(\.field) == fields)
        #expect(refusal.errors.allSatisfy { $0.message.hasPrefix($0.field + " ") })
        if fields.count > 1 { #expect(refusal.error == "These fields are missing or not valid: \(fields.joined(separator: ", "))") }
    }

    @Test func `an unsupported order type is named`() throws {
        let refusal = try #require(throws: RequestRefusal.self) { try Self.parse(Self.body(#""orderType":"twap""#)).get() }
        #expect(
            refusal.error
                == #"orderType must be one of "market", "limit", "stop", "stopLimit", "takeProfit", "trailingStop", "sniper""#)
    }

    @Test(
        arguments: [
            ("", nil), ("{", nil), (#"{"amount":01}"#, nil), (#"{"amount":1,"amount":1}"#, "amount"), (body(#""userId":"a\u0000""#), nil),
            (body(#""userId":"\ud800""#), nil), (body(#""x":[[[[[[[[]]]]]]]]"#), nil), ("{} {}", nil),
        ])
    func `A body that is not JSON is refused as such`(body: String, field: String?) throws {
        let refusal = try #require(throws: RequestRefusal.self) { try Self.parse(body).get() }
        #expect(refusal.code == .badJSON && !refusal.error.isEmpty)
        #expect(refusal.errors.map(\.field) == (field.map { [$0] } ?? []))
    }

    @Test func `a body that is no object is refused and nesting of 8 is not`() throws {
        let refusal = try #require(throws: RequestRefusal.self) { try Self.parse("[]").get() }
        #expect(refusal.code == .badRequest && refusal.errors.isEmpty)
        #expect(throws: Never.self) { try Self.parse(Self.body(#""x":[[[[[[[]]]]]]]"#)).get() }
    }

    @Test func `the key comes from the header or the body`() throws {
        #expect(try Self.parse(Self.body(#""x":1"#), key: "h-1").get().idempotencyKey == "h-1")
        #expect(try Self.parse(Self.body(#""clientOrderId":"b-1""#)).get().idempotencyKey == "b-1")
        #expect(try Self.parse(Self.body(#""clientOrderId":"k""#), key: "k").get().idempotencyKey == "k")
        let differing = try #require(throws: RequestRefusal.self) { try Self.parse(Self.body(#""clientOrderId":"a""#), key: "b").get() }
        #expect(differing.errors.map(\.field) == ["clientOrderId"])
        for key in ["", "a b", "é", String(repeating: "a", count: 256), "a\u{7f}"] {
            let refusal = try #require(throws: RequestRefusal.self) { try Self.parse(Self.body(#""x":1"#), key: key).get() }
            #expect(refusal.errors.map(\.field) == ["Idempotency-Key"])
        }
    }

    @Test func `the fingerprint tells different requests apart`() throws {
        let members = [
            #""x":1"#, #""slippage":0.02"#, #""deadline":60"#, #""deadline":61"#, #""userId":"a""#, #""userId":"-""#,
            #""deadline":"2026-01-10T07:31:00Z""#,
        ]
        let fingerprints = try members.map { try Self.parse(Self.body($0)).get().fingerprint }
        #expect(Set(fingerprints).count == members.count)
        #expect(try Self.parse(Self.body(#""clientOrderId":"a""#)).get().fingerprint == fingerprints[0])
    }

    @Test func `an order is made of a request`() throws {
        let request = try Self.parse(Self.body(#""deadline":60,"userId":"harsh","slippage":0.010"#), key: "key-1").get()
        let order = request.order(id: Samples.id, now: Self.now, maxAttempts: 3, traceparent: "00-1-2-01", newID: { Samples.id })
        #expect(order.deadline == Self.now + 60_000 && order.createdAt == Self.now)
        #expect(order.clientOrderId == "key-1" && order.userId == "harsh" && order.slippage == "0.01" && order.slippageBps == 100)
        #expect(order.amount == "1.5" && order.fingerprint == request.fingerprint && order.maxAttempts == 3)
    }

    @Test func `mutated bodies are read or refused with a reason but never crash`() throws {
        let tokens = try Samples.tokens()
        let body = Array(
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5e0,"slippage":0.01,"userId":"u","deadline":"2026-01-10T07:31:00Z"}"#.utf8)
        let interesting = Array(#"{}[]",:\0123456789eE+-.ntu "#.utf8) + [0, 0x80, 0xFF]
        var random = SeededGenerator(seed: 9)
        var accepted = 0
        for _ in 0..<10_000 {
            var mutated = body
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<mutated.count, using: &random)
                let end = min(mutated.count, index + Int.random(in: 0...2, using: &random))
                mutated.replaceSubrange(index..<end, with: [interesting.randomElement(using: &random)!])
            }
            switch RequestReading(body: mutated, vocabulary: Dialects.vocabulary, tokens: tokens).result {
            case .success(let request):
                accepted += 1
                #expect(request.amountIn.value > 0 && (1...5000).contains(request.slippageBps) && request.tokenIn != request.tokenOut)
            case .failure(let refusal):
                #expect(!refusal.error.isEmpty && (refusal.code == .badJSON || !refusal.errors.isEmpty || refusal.error.contains("object")))
            }
        }
        #expect(accepted > 100)
    }

    @Test func `A deadline is judged apart from the rest, because the same request may come again after it`() throws {
        for (text, reason) in [
            ("2026-01-10T07:30:17.789Z", "must not be in the past"), ("2026-01-11T07:30:17.790Z", "must be at most 24 hours ahead"),
            ("9999-12-31T23:59:59Z", "must be at most 24 hours ahead"),
        ] {
            let request = try Self.parse(Self.body(#""deadline":"\#(text)""#)).get()
            let refusal = try #require(request.refusal(at: Self.now))
            #expect(refusal.errors == [FieldError(field: "deadline", message: "deadline \(reason)")] && refusal.code == .badRequest)
        }
        for text in [#""2026-01-10T07:30:17.790Z""#, #""2026-01-11T07:30:17.789Z""#, "1", "null"] {
            #expect(try Self.parse(Self.body(#""deadline":\#(text)"#)).get().refusal(at: Self.now) == nil)
        }
    }

    @Test func `A second header Idempotency-Key is refused, also where it says the same`() throws {
        let reading = try Self.reading(Self.body(#""x":1"#), keys: ["a", "a"])
        let refusal = try #require(throws: RequestRefusal.self) { try reading.result.get() }
        #expect(refusal.errors.map(\.field) == ["Idempotency-Key"] && reading.claim == nil)
    }
}
