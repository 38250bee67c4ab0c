import Orders
import Pipeline
import Testing

@testable import PaperMarket

@Suite struct MockSignatureTests {
    @Test func `a signature is base58 of 64 bytes, and the same every time`() throws {
        let id = OrderID(parsing: "0198c1f2-0000-7000-8000-000000000000")!
        let signature = MockSignature.make(order: id, leg: 0, attempt: 1)
        #expect(Base58.decode(signature)?.count == 64)
        #expect(signature == MockSignature.make(order: id, leg: 0, attempt: 1))
        // Another process or version must still find what is in Redis.
        #expect(signature == "zn1HZ424TyEXZAmA6He3cTfHgYp2RSvNDc6PztNFmme2mR5YvaZSLyGF4w3cLz1EAbA7VoQPHpPuKSoYBoDxN16")
    }

    @Test func `another order, leg or attempt has another signature, in each of its eight words`() throws {
        let ids = (0..<200).map { _ in Samples.id() }
        var words: [Set<[UInt8]>] = Array(repeating: [], count: 8)
        for id in ids {
            for leg in 0..<2 {
                for attempt in 1...3 {
                    let bytes = try #require(Base58.decode(MockSignature.make(order: id, leg: leg, attempt: attempt)))
                    for word in 0..<8 { words[word].insert(Array(bytes[(word * 8)..<(word * 8 + 8)])) }
                }
            }
        }
        #expect(words.map(\.count) == Array(repeating: 1200, count: 8))
    }

    @Test func `the bytes hold the swap`() throws {
        let order = Samples.order()
        let bytes = MockSignature.bytes(order: order, leg: 1, attempt: 2, quote: Samples.quote("meteora"))
        let text = String(decoding: try #require(Base58.decode(bytes)), as: UTF8.self)
        #expect(text == #"{"order":"\#(order.id)","leg":1,"attempt":2,"pool":"pool-meteora","in":"1500000000"}"#)
    }
}
