import Testing

@testable import Markets

@Suite struct BinPriceTests {
    @Test(
        arguments: [
            (4, -5297, 2_217_790_719_497_641_201), (25, 1, 18_492_860_933_893_825_495), (25, -1, 18_400_742_218_164_141_262),
            (100, 0, 18_446_744_073_709_551_616),
        ] as [(Int, Int, UInt128)])
    func `the price of a bin is the program's to the last bit`(step: Int, id: Int, price: UInt128) {
        #expect(BinPrice.price(ofBin: id, step: step) == price)
    }

    @Test func `a price outside Q64,64 or a bin that cannot be is refused`() {
        #expect(BinPrice.price(ofBin: 443_636, step: 100) == nil)
        #expect(BinPrice.price(ofBin: -443_636, step: 100) == nil)
        #expect(BinPrice.price(ofBin: 443_636, step: 1) != nil)
        #expect(BinPrice.price(ofBin: 443_637, step: 1) == nil)
        #expect(BinPrice.price(ofBin: -443_637, step: 1) == nil)
    }

    @Test(arguments: [1, 4, 25, 400]) func `each bin is dearer than the one below it`(step: Int) throws {
        let prices = try (-1_000...1_000).map { try #require(BinPrice.price(ofBin: $0, step: step)) }
        #expect(zip(prices, prices.dropFirst()).allSatisfy { $0 < $1 })
    }
}
