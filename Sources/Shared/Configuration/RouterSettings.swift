/// All settings of the router.
public struct RouterSettings: ServiceSettings, Equatable {
    public static let serviceName = "router"

    /// The settings that every service has.
    public let common: CommonSettings
    /// The settings for entries in hand.
    public let worker: WorkerSettings
    public let retry: RetrySettings
    public let concurrency: Int
    public let quoteTimeout: Duration
    public let venues: VenueSource
    public let routing: RoutingMode
    public let splitMinGainBps: Int
    /// The files with tokens and pools.
    public let files: MarketFiles
    /// The APIs of the real venues.
    public let live: LiveVenueSettings
    public let previewsPerMinute: Int?
    public let quoteShare: Duration?
    public let mockQuoteLatencyMilliseconds: ClosedRange<Int>
    public let market: MockMarketSettings
    public let ticks: TickerSettings

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
        quoteShare = reader.value(Settings.quoteShare)
        mockQuoteLatencyMilliseconds = reader.value(Settings.mockQuoteLatency)
        market = MockMarketSettings(reading: &reader)
        ticks = TickerSettings(reading: &reader, venues: venues)
        reader.require(
            routing == .best || venues == .mock, among: ["ROUTING", "VENUES"],
            "ROUTING=split needs VENUES=mock: how deep the pools of live venues are is not known")
    }
}
