internal import Configuration
internal import Markets
internal import Observability
internal import PaperMarket
internal import Pipeline
internal import ServiceKit
internal import Venues

extension Router {
    /// The two desks that ask the venues: for orders and for previews.
    struct Desks {
        let orders: QuoteDesk
        let previews: PreviewDesk
    }

    /// Both desks, for the venues in the settings.
    static func desks(
        _ settings: RouterSettings, _ pools: PoolList, _ board: MarketBoard, _ process: ServiceProcess
    ) throws(StartError) -> Desks {
        switch settings.venues {
        case .mock: mockDesks(settings, pools, board, process)
        case .live: try liveDesks(settings, pools, process)
        }
    }

    private static func mockDesks(_ settings: RouterSettings, _ pools: PoolList, _ board: MarketBoard, _ process: ServiceProcess) -> Desks {
        let venues = MockVenue.all(pools, latency: settings.mockQuoteLatencyMilliseconds, board: board)
        let clock = process.heartbeat.clock
        let splits = SplitDesk(pools: pools.pools, board: board, minGainBps: settings.splitMinGainBps, clock: clock)
        func desk(_ metrics: MetricsRegistry?) -> QuoteDesk {
            QuoteDesk(
                venues: venues, timeout: settings.quoteTimeout, splits: settings.routing == .split ? splits : nil, metrics: metrics, clock: clock)
        }
        var limits = PreviewDesk.Limits()
        limits.fresh = settings.quoteShare
        return Desks(orders: desk(process.metrics), previews: PreviewDesk(desk(nil), limits: limits, metrics: process.metrics, clock: clock))
    }

    private static func liveDesks(_ settings: RouterSettings, _ pools: PoolList, _ process: ServiceProcess) throws(StartError) -> Desks {
        // The file is read here for a clear error at the start. A later failure would say only that there is no trusted connection.
        if let path = settings.live.certificates { _ = try ConfigurationFile.read(path, setting: "SSL_CERT_FILE") }
        tellMissingKeys(settings, process.log)
        let (orders, previews) = LiveVenues.withPreviews(liveOptions(settings, process))
        let check = PriceCheck(known: MockVenue.all(pools, latency: 0...0))
        let clock = process.heartbeat.clock
        func desk(_ venues: [any Venue], _ metrics: MetricsRegistry?) -> QuoteDesk {
            QuoteDesk(venues: venues, timeout: settings.quoteTimeout, check: check, metrics: metrics, clock: clock)
        }
        var limits = PreviewDesk.Limits()
        (limits.perMinute, limits.fresh, limits.stale) = (settings.previewsPerMinute, settings.quoteShare, .seconds(10))
        return Desks(
            orders: desk(orders, process.metrics),
            previews: PreviewDesk(desk(previews, nil), limits: limits, metrics: process.metrics, clock: clock))
    }

    /// Warns at the start if a venue will be asked without its key.
    static func tellMissingKeys(_ settings: RouterSettings, _ log: Logger) {
        for (dex, setting, meaning) in LiveVenues.withoutKey(settings.live) {
            log.warning("venue.no_key", ["dex": .string(dex), "setting": .string(setting), "reason": .string(meaning)])
        }
    }

    private static func liveOptions(_ settings: RouterSettings, _ process: ServiceProcess) -> LiveVenueOptions {
        let out = process.metrics.gauges("venue_left_out", help: "1 while a venue is not asked because it kept failing.", by: ["dex"])
        for dex in LiveVenues.names { out.labelled(dex).set(0) }
        return LiveVenueOptions(settings: settings.live, timeout: settings.quoteTimeout) { [log = process.log] dex, reason in
            out.labelled(dex).set(reason == nil ? 0 : 1)
            if let reason {
                log.warning("venue.left_out", ["dex": .string(dex), "reason": .string(reason)])
            } else {
                log.info("venue.back", ["dex": .string(dex)])
            }
        }
    }
}
