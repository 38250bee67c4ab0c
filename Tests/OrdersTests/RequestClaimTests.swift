import Dialects
import JSON
import Orders
import TestOrders
import Testing

@Suite struct RequestClaimTests {
    private static func claim(_ body: String, keys: [String] = ["k"], tokens: TokenList? = nil) throws -> RequestClaim? {
        RequestReading(body: Array(body.utf8), idempotencyKeys: keys, vocabulary: Dialects.vocabulary, tokens: try tokens ?? Samples.tokens()).claim
    }

    @Test func `A request is known again however it is laid out, and whatever is wrong with it now`() throws {
        let claim = try #require(try Self.claim(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"userId":"u"}"#))
        #expect(claim.userId == "u" && claim.key == "k" && claim.digest.utf8.count == 32)
        #expect(try Self.claim(#"{ "userId": "u", "amount":1.5,"deadline":null, "tokenOut":"USDC","tokenIn":"SOL" }"#) == claim)
        #expect(try Self.claim(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"userId":"u","clientOrderId":"k"}"#, keys: []) == claim)
        let gone = try TokenList(bytes: Array(JSONWriter.value([Samples.usdc]).utf8))
        #expect(try Self.claim(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"userId":"u"}"#, tokens: gone) == claim)
    }

    @Test(
        arguments: [
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":2,"userId":"u"}"#, #"{"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5","userId":"u"}"#,
            #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"userId":"u","limitPrice":1}"#,
        ])
    func `Another request is told apart`(body: String) throws {
        let claim = try Self.claim(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"userId":"u"}"#)
        #expect(try Self.claim(body)?.digest != claim?.digest)
    }

    @Test func `Without one usable key and user there is nothing to know a request by`() throws {
        let body = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5}"#
        #expect(try Self.claim(body)?.userId == .some(nil))
        for keys in [[], ["a b"], ["a", "b"]] { #expect(try Self.claim(body, keys: keys) == nil) }
        #expect(try Self.claim(#"{"userId":7}"#) == nil)
        #expect(try Self.claim(#"{"clientOrderId":"other"}"#) == nil)
        #expect(try Self.claim("{") == nil)
    }
}
