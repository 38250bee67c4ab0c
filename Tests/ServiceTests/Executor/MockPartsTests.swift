import Orders
import Pipeline
import Testing

@testable import ExecutorService

@Suite struct MockSignatureTests {
    @Test("a signature is base58 of 64 bytes, and the same every time")
    func form() throws {
        let id = OrderID(parsing: "0198c1f2-0000-7000-8000-000000000000")!
        let signature = MockSignature.make(order: id, leg: 0, attempt: 1)
        #expect(Base58.decode(signature)?.count == 64)
        #expect(signature == MockSignature.make(order: id, leg: 0, attempt: 1))
        // Another process, another version: what is in Redis must still be found.
        #expect(signature == "zn1HZ424TyEXZAmA6He3cTfHgYp2RSvNDc6PztNFmme2mR5YvaZSLyGF4w3cLz1EAbA7VoQPHpPuKSoYBoDxN16")
    }

    @Test("another order, leg or attempt has another signature, in each of its eight words")
    func distinct() throws {
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

    @Test("the bytes hold the swap")
    func bytes() throws {
        let order = Samples.order()
        let bytes = MockSignature.bytes(order: order, leg: 1, attempt: 2, quote: Samples.quote("meteora"))
        let text = String(decoding: try #require(Base58.decode(bytes)), as: UTF8.self)
        #expect(text == #"{"order":"\#(order.id)","leg":1,"attempt":2,"pool":"pool-meteora","in":"1500000000"}"#)
    }
}

@Suite struct MockMarketTests {
    private func amountOut(_ quoted: UInt64, _ signature: String, bps: Int, seed: UInt64 = 7) -> UInt64 {
        let transaction = SignedTransaction(
            leg: 0, attempt: 1, signature: signature, bytes: "b", lastValidSlot: 1, quote: Samples.quote("meteora", amountOut: quoted),
            leastOut: BaseUnits(0))
        return MockMarket(seed: seed, volatilityBps: bps).amountOut(of: transaction).value
    }

    @Test("the output stays within the volatility, reaches both halves of it, and is the same for the same seed and signature")
    func bounds() {
        let outputs = (0..<2000).map { amountOut(1_000_000_000, "s\($0)", bps: 25) }
        #expect(outputs.allSatisfy { (997_500_000...1_002_500_000).contains($0) })
        // Uniform over the width: each quarter holds about a quarter.
        for quarter in 0..<4 {
            let lower = 997_500_000 + UInt64(quarter) * 1_250_000
            #expect((350...650).contains(outputs.count { $0 >= lower && $0 < lower + 1_250_000 }))
        }
        #expect(outputs == (0..<2000).map { amountOut(1_000_000_000, "s\($0)", bps: 25) })
        #expect(outputs != (0..<2000).map { amountOut(1_000_000_000, "s\($0)", bps: 25, seed: 8) })
    }

    @Test("without volatility the quote is filled to the unit", arguments: [0, 1, 999_999, UInt64.max])
    func still(quoted: UInt64) {
        #expect(amountOut(quoted, "s", bps: 0) == quoted)
    }

    @Test("at the largest amounts nothing overflows and no digit is lost to floating point")
    func extremes() {
        let outputs = (0..<200).map { amountOut(.max, "s\($0)", bps: 5000) }
        #expect(outputs.allSatisfy { $0 >= UInt64.max / 2 })
        #expect(outputs.contains(.max) && outputs.contains { $0 < .max })
        // A draw of the least volatility moves 2^64-1 by whole parts per million of it, rounded down.
        for index in 0..<50 {
            let output = UInt128(amountOut(.max - 1 << 60, "s\(index)", bps: 1))
            let quoted = UInt128(UInt64.max - 1 << 60)
            let ppm = (output * 1_000_000 + quoted - 1) / quoted
            #expect(output == quoted * ppm / 1_000_000)
        }
        #expect(amountOut(0, "s", bps: 100) == 0)
    }
}
