/// Where quotes come from.
public enum VenueSource: String, Sendable, CaseIterable {
    /// The mock venues over `config/pools.json`.
    case mock
    /// The APIs of the real venues; swaps stay mock.
    case live
}

/// How a route is chosen.
public enum RoutingMode: String, Sendable, CaseIterable {
    /// The whole order goes to the venue with the largest net output.
    case best
    /// Divided over several pools, a transaction each, where that pays more.
    case split
}

/// Where the market's description is read from.
public struct MarketFiles: Sendable, Equatable {
    /// Path of the token list.
    public let tokens: String
    /// Path of the pool list.
    public let pools: String

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        tokens = reader.value(Settings.tokensFile)
        pools = reader.value(Settings.poolsFile)
    }
}

/// Where the APIs of the real venues are.
public struct LiveVenueSettings: Sendable, Equatable {
    /// Raydium's quote API.
    public let raydiumURL: String
    /// Jupiter's quote API, for Meteora.
    public let jupiterURL: String
    /// The key for Jupiter's API.
    public let jupiterKey: Secret?
    /// The file of certificates that the APIs are trusted by; nil for those of the system.
    public let certificates: String?

    /// Reads them.
    public init(reading reader: inout SettingsReader) {
        raydiumURL = reader.value(Settings.raydiumURL)
        jupiterURL = reader.value(Settings.jupiterURL)
        jupiterKey = reader.value(Settings.jupiterKey)
        certificates = reader.value(Settings.certificates)
    }
}
