import Orders
import Testing

@testable import Markets

@Suite struct MinReceivedTests {
    @Test(arguments: [(88_531_692, 50, 88_089_033), (156_989_496, 50, 156_204_548), (1, 50, 0), (7, 0, 7), (7, 10_000, 0)])
    func `Raydium's is rounded down`(amountOut: UInt64, bps: Int, minReceived: UInt64) {
        #expect(MinReceived.roundedDown(BaseUnits(amountOut), slippageBps: bps) == BaseUnits(minReceived))
    }

    @Test(arguments: [
        (9_998_099, 50, 9_948_109), (10_007, 50, 9_957), (48_617_665, 1_000, 43_755_899), (1, 50, 1), (7, 0, 7), (7, 10_000, 0),
    ])
    func `ours is rounded up`(amountOut: UInt64, bps: Int, minReceived: UInt64) {
        #expect(MinReceived.roundedUp(BaseUnits(amountOut), slippageBps: bps) == BaseUnits(minReceived))
    }

    @Test func `the largest amount does not overflow`() {
        #expect(MinReceived.roundedDown(BaseUnits(.max), slippageBps: 0) == BaseUnits(.max))
        #expect(MinReceived.roundedUp(BaseUnits(.max), slippageBps: 1) == BaseUnits(.max - UInt64.max / 10_000))
    }
}
