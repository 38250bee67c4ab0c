/// The chain that swaps are sent to.
public enum ChainKind: String, Sendable, CaseIterable {
    /// The mock chain, whose ledger is in Redis.
    case mock
}

/// The settings of the chain, with everything that a chain may need to know.
public struct ChainSettings: Sendable, Equatable {
    public let kind: ChainKind
    public let venues: VenueSource
    /// The files with tokens and pools.
    public let files: MarketFiles
    public let mock: MockChainSettings
    public let market: MockMarketSettings

    public init(reading reader: inout SettingsReader) {
        kind = reader.value(Settings.chain)
        venues = reader.value(Settings.venues)
        files = MarketFiles(reading: &reader)
        mock = MockChainSettings(reading: &reader)
        market = MockMarketSettings(reading: &reader)
    }
}
