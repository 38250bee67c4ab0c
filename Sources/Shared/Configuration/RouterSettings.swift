/// All settings of the router.
public struct RouterSettings: ServiceSettings, Equatable {
    /// The name of the executable.
    public static let serviceName = "router"

    /// What every service is told.
    public let common: CommonSettings
    /// How stream entries are held.
    public let worker: WorkerSettings
    /// When an order is tried again.
    public let retry: RetrySettings
    /// Orders in hand at once in this process.
    public let concurrency: Int
    /// The longest wait for a venue's quote.
    public let quoteTimeout: Duration
    /// Where quotes come from.
    public let venues: VenueSource
    /// How a route is chosen.
    public let routing: RoutingMode
    /// The gain over the best venue from which an order is split, in basis points.
    public let splitMinGainBps: Int
    /// Where tokens and pools are described.
    public let files: MarketFiles
    /// The APIs of the real venues.
    public let live: LiveVenueSettings
    /// How often quotes without an order ask the real venues; nil for no limit.
    public let previewsPerMinute: Int?
    /// How long a mock venue takes to answer, in milliseconds.
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
