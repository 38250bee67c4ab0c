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
    public let tokens: String
    public let pools: String

    public init(reading reader: inout SettingsReader) {
        tokens = reader.value(Settings.tokensFile)
        pools = reader.value(Settings.poolsFile)
    }
}

/// The APIs of the real venues.
public struct LiveVenueSettings: Sendable, Equatable {
    public let raydiumURL: String
    public let jupiterURL: String
    public let jupiterKey: Secret?
    public let certificates: String?

    public init(reading reader: inout SettingsReader) {
        raydiumURL = reader.value(Settings.raydiumURL)
        jupiterURL = reader.value(Settings.jupiterURL)
        jupiterKey = reader.value(Settings.jupiterKey)
        certificates = reader.value(Settings.certificates)
    }
}
