internal import Markets
internal import Orders

/// The mock market's own price movement: a pure function of seed, pool and time, so that all processes agree without communication.
///
/// Value noise: each of three octaves has a random value at every multiple of its period and follows a straight line between them. The walk never
/// leaves its bounds, has no jumps, and can be computed for any moment.
public struct PriceWalk: Sendable, Equatable {
    /// Period in milliseconds, and the octave's quarters of the volatility.
    private static let octaves: [(period: UInt64, quarters: Int64)] = [(1000, 1), (4000, 1), (16_000, 2)]

    /// The seed of the random values.
    public let seed: UInt64
    /// The largest distance from the pool list's price, in basis points.
    public let volatilityBps: Int

    /// - Parameter volatilityBps: 0 for a market that stands still; at most 9,999.
    public init(seed: UInt64, volatilityBps: Int) {
        precondition(0..<10_000 ~= volatilityBps)
        self.seed = seed
        self.volatilityBps = volatilityBps
    }

    /// How far a pool's price is from the pool list's price at a time in milliseconds, in parts per 10^9.
    public func move(of pool: String, at time: UInt64) -> Int64 {
        guard volatilityBps > 0 else { return 0 }
        let own = Self.mix(FNV1a.hash64(pool.utf8) ^ seed)
        var sum: Int64 = 0
        for (index, octave) in Self.octaves.enumerated() {
            let (step, into) = time.quotientAndRemainder(dividingBy: octave.period)
            let (left, right) = (value(own, index, step), value(own, index, step + 1))
            sum += octave.quarters * (left + (right - left) * Int64(into) / Int64(octave.period))
        }
        return sum / 4
    }

    /// The value of an octave at a multiple of its period: uniform within the volatility.
    private func value(_ own: UInt64, _ octave: Int, _ step: UInt64) -> Int64 {
        let width = UInt64(volatilityBps) * UInt64(Pool.wholeMove) / 10_000
        let draw = Self.mix(own ^ Self.mix(step &* 4 &+ UInt64(octave))) % (2 * width + 1)
        return Int64(draw) - Int64(width)
    }

    /// The finaliser of SplitMix64: every bit of the input reaches every bit of the output.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
