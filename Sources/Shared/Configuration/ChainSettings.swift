/// The chain that swaps are sent to.
public enum ChainKind: String, Sendable, CaseIterable {
    /// The mock chain, whose ledger is in Redis.
    case mock
}

/// The settings of the chain, with everything that a chain may need to know.
public struct ChainSettings: Sendable, Equatable {
    /// The kind of chain.
    public let kind: ChainKind
    /// The source of quotes: the mock chain also knows the pools of the mock venues.
    public let venues: VenueSource
    /// The files with tokens and pools.
    public let files: MarketFiles
    /// The settings of the mock chain.
    public let mock: MockChainSettings
    /// The market of the mock chain.
    public let market: MockMarketSettings

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        kind = reader.value(Settings.chain)
        venues = reader.value(Settings.venues)
        files = MarketFiles(reading: &reader)
        mock = MockChainSettings(reading: &reader)
        market = MockMarketSettings(reading: &reader)
    }
}
