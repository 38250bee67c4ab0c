/// The mock market of router and executors. They must agree on all of these settings.
public struct MockMarketSettings: Sendable, Equatable {
    /// The seed of all random numbers; nil lets the first process draw one for all.
    public let seed: UInt64?
    /// How far the random walk takes a pool's price from that of the pool list, in basis points; 0 if pools do not move at all.
    public let volatilityBps: Int
    /// Half-life of a swap's effect on a pool.
    public let reversion: Duration
    /// Length of a slot.
    public let slot: Duration
    /// How many slots a transaction can land in.
    public let validSlots: Int

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        seed = reader.value(Settings.mockSeed)
        volatilityBps = reader.value(Settings.mockVolatility)
        reversion = reader.value(Settings.mockReversion)
        slot = reader.value(Settings.mockSlot)
        validSlots = reader.value(Settings.mockValidSlots)
    }
}

/// The settings of the mock chain.
public struct MockChainSettings: Sendable, Equatable {
    /// The time until a transaction lands, in milliseconds.
    public let swapLatencyMilliseconds: ClosedRange<Int>
    /// Share of transactions that fail.
    public let failureRate: Rate
    /// Share of sends that are lost.
    public let dropRate: Rate
    /// Share of transactions that land late.
    public let lateRate: Rate
    /// How long the ledger of landed swaps is kept.
    public let retention: Duration

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        swapLatencyMilliseconds = reader.value(Settings.mockSwapLatency)
        failureRate = reader.value(Settings.mockFailureRate)
        dropRate = reader.value(Settings.mockDropRate)
        lateRate = reader.value(Settings.mockLateRate)
        retention = reader.value(Settings.chainRetention)
    }
}
