/// All settings of the router.
public struct RouterSettings: ServiceSettings, Equatable {
    /// The name of the executable.
    public static let serviceName = "router"

    /// The settings that every service has.
    public let common: CommonSettings
    /// The settings for entries in hand.
    public let worker: WorkerSettings
    /// The settings for retries.
    public let retry: RetrySettings
    /// How many orders this process may have in hand at once.
    public let concurrency: Int
    /// The longest wait for a venue's quote.
    public let quoteTimeout: Duration
    /// The source of quotes.
    public let venues: VenueSource
    /// How a route is chosen.
    public let routing: RoutingMode
    /// The gain over the best venue that a split must exceed, in basis points.
    public let splitMinGainBps: Int
    /// The files with tokens and pools.
    public let files: MarketFiles
    /// The APIs of the real venues.
    public let live: LiveVenueSettings
    /// How many previews per minute may ask the real venues; nil for no limit.
    public let previewsPerMinute: Int?
    /// The time until a mock venue answers, in milliseconds.
    public let mockQuoteLatencyMilliseconds: ClosedRange<Int>
    /// The mock market.
    public let market: MockMarketSettings

    /// Reads every setting of the router.
    public init(reading reader: inout SettingsReader) {
        common = CommonSettings(reading: &reader)
        worker = WorkerSettings(reading: &reader)
        retry = RetrySettings(reading: &reader)
        concurrency = reader.value(Settings.routerConcurrency)
        quoteTimeout = reader.value(Settings.quoteTimeout)
        venues = reader.value(Settings.venues)
        routing = reader.value(Settings.routing)
        splitMinGainBps = reader.value(Settings.splitMinGain)
        files = MarketFiles(reading: &reader)
        live = LiveVenueSettings(reading: &reader)
        previewsPerMinute = reader.value(Settings.previewsPerMinute)
        mockQuoteLatencyMilliseconds = reader.value(Settings.mockQuoteLatency)
        market = MockMarketSettings(reading: &reader)
        reader.require(
            routing == .best || venues == .mock, among: ["ROUTING", "VENUES"],
            "ROUTING=split needs VENUES=mock: how deep the pools of live venues are is not known")
    }
}
