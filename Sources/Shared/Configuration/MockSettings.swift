/// The mock market of router and executors. They must agree on all of these settings.
public struct MockMarketSettings: Sendable, Equatable {
    public let seed: UInt64?
    public let volatilityBps: Int
    public let reversion: Duration
    public let slot: Duration
    public let validSlots: Int

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
    public let swapLatencyMilliseconds: ClosedRange<Int>
    public let failureRate: Rate
    public let dropRate: Rate
    public let lateRate: Rate
    public let retention: Duration

    public init(reading reader: inout SettingsReader) {
        swapLatencyMilliseconds = reader.value(Settings.mockSwapLatency)
        failureRate = reader.value(Settings.mockFailureRate)
        dropRate = reader.value(Settings.mockDropRate)
        lateRate = reader.value(Settings.mockLateRate)
        retention = reader.value(Settings.chainRetention)
    }
}
