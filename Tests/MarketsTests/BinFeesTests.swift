import Testing

@testable import Markets

@Suite struct BinFeesTests {
    @Test func `the base fee is the factor times the step`() {
        #expect(BinFees(binStep: 4, baseFactor: 10_000).rate(accumulator: 0) == 400_000)
        #expect(BinFees(binStep: 4, baseFactor: 10_000, baseFeePowerFactor: 1).rate(accumulator: 0) == 4_000_000)
        #expect(BinFees(binStep: 4, baseFactor: 0).rate(accumulator: 9) == 0)
    }

    @Test func `the variable fee grows with the square of the move, rounded up, and all ends at a tenth`() {
        let fees = BinFees(binStep: 25, baseFactor: 0, variableFeeControl: 40_000)
        #expect(fees.rate(accumulator: 10_000) == 25_000)
        #expect(fees.rate(accumulator: 20_000) == 100_000)
        #expect(fees.rate(accumulator: 1) == 1)
        #expect(fees.rate(accumulator: UInt64(UInt32.max)) == 100_000_000)
        #expect(BinFees(binStep: 10_000, baseFactor: 65_535, baseFeePowerFactor: 9).rate(accumulator: 0) == 100_000_000)
    }

    @Test(arguments: [(1_000_000_000, 400_000), (1, 1), (2_500, 1), (2_501, 2), (0, 0)] as [(UInt64, UInt64)])
    func `a fee included in an amount is rounded up`(amount: UInt64, fee: UInt64) { #expect(BinFees.included(in: amount, rate: 400_000) == fee) }

    @Test func `a fee on top is the one that the sum then includes`() {
        for rate in [UInt128(0), 1, 400_000, 2_000_000, 100_000_000] {
            for net in [UInt64(0), 1, 2, 999, 999_600_000, 1 << 62] {
                let sum = net + UInt64(BinFees.onTop(of: net, rate: rate))
                #expect(sum - BinFees.included(in: sum, rate: rate) == net, "\(net) at \(rate)")
            }
        }
        #expect(BinFees.onTop(of: 999_600_000, rate: 400_000) == 400_000)
        #expect(BinFees.onTop(of: 1, rate: 400_000) == 1)
    }

    @Test(arguments: [(29, 7, 30_000), (30, 5, 20_000), (599, 5, 20_000), (600, 5, 0)] as [(UInt64, Int, UInt64)])
    func `a move goes on within the filter period, then fades, then is forgotten`(_ elapsed: UInt64, _ index: Int, _ reference: UInt64) {
        let fees = BinFees(binStep: 4, baseFactor: 1)
        let volatility = BinVolatility(accumulator: 40_000, reference: 30_000, indexReference: 7, lastUpdate: 1_000)
        let found = volatility.found(at: 1_000 + elapsed, activeBin: 5, fees: fees)
        #expect(found.indexReference == index && found.reference == reference)
        #expect(volatility.found(at: 5, activeBin: 5, fees: fees) == volatility, "a clock that went back is no time at all")
    }

    @Test func `each bin crossed adds to the accumulator, up to its limit`() {
        let fees = BinFees(binStep: 4, baseFactor: 1, maxVolatilityAccumulator: 45_000)
        let volatility = BinVolatility(reference: 5_000, indexReference: 10)
        #expect([10, 11, 8, 15].map { volatility.accumulator(at: $0, fees: fees) } == [5_000, 15_000, 25_000, 45_000])
    }
}
