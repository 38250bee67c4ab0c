/// Where swaps are sent.
public enum ChainKind: String, Sendable, CaseIterable {
    /// The mock chain, whose ledger is in Redis.
    case mock
}

/// The chain, and all that a chain may have to know.
public struct ChainSettings: Sendable, Equatable {
    /// Which one it is.
    public let kind: ChainKind
    /// Where quotes come from: the pools of the mock venues are known to the mock chain too.
    public let venues: VenueSource
    /// Where tokens and pools are described.
    public let files: MarketFiles
    /// What the mock chain does to transactions.
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
