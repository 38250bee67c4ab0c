/// The source of quotes.
public enum VenueSource: String, Sendable, CaseIterable {
    /// The mock venues, with the pools of `config/pools.json`.
    case mock
    /// The APIs of the real venues. Swaps stay mock.
    case live
}

/// How a route is chosen.
public enum RoutingMode: String, Sendable, CaseIterable {
    /// The whole order goes to the venue with the largest net output.
    case best
    /// The order is divided over several pools, with one transaction for each, if that pays more.
    case split
}

/// The files that describe the market.
public struct MarketFiles: Sendable, Equatable {
    /// The path of the token list.
    public let tokens: String
    /// The path of the pool list.
    public let pools: String

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        tokens = reader.value(Settings.tokensFile)
        pools = reader.value(Settings.poolsFile)
    }
}

/// The APIs of the real venues.
public struct LiveVenueSettings: Sendable, Equatable {
    /// Raydium's quote API.
    public let raydiumURL: String
    /// Jupiter's quote API, for Meteora.
    public let jupiterURL: String
    /// The key for Jupiter's API.
    public let jupiterKey: Secret?
    /// The file of certificates that are trusted for the APIs; nil for the system's.
    public let certificates: String?

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        raydiumURL = reader.value(Settings.raydiumURL)
        jupiterURL = reader.value(Settings.jupiterURL)
        jupiterKey = reader.value(Settings.jupiterKey)
        certificates = reader.value(Settings.certificates)
    }
}
