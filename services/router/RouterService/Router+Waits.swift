internal import Configuration
internal import EventLoop
internal import Markets
internal import Marks
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit
internal import Venues

extension Router {
    /// What looks after orders that wait for a price.
    struct Waits {
        let ticker: Ticker
        /// Nil with a mock market, whose prices every process computes.
        let feed: LivePriceFeed?
    }

    static func waits(
        _ settings: RouterSettings, _ files: (tokens: TokenList, pools: PoolList), _ marks: any MarkSource, _ rounds: UpkeepRounds,
        _ process: ServiceProcess
    ) -> Waits {
        let ticker = Ticker(
            pipeline: process.pipeline, rounds: rounds, source: marks, tokens: files.tokens,
            settings: TickSettings(interval: settings.ticks.interval, maxAge: settings.ticks.maxAge), clock: process.heartbeat.clock,
            observer: process.observer, log: process.log, metrics: process.metrics)
        let feed: LivePriceFeed? =
            settings.venues == .mock
            ? nil
            : LivePriceFeed(
                venues: LiveVenues.withPreviews(LiveVenueOptions(settings: settings.live, timeout: settings.quoteTimeout)).previews,
                tokens: files.tokens, pipeline: process.pipeline, maxAge: settings.ticks.maxAge, clock: process.heartbeat.clock, log: process.log)
        return Waits(ticker: ticker, feed: feed)
    }
}

extension Router.Waits {
    /// Asks the venues while this process is the first of the routers of partition 0, so that one process asks for all.
    @ServiceActor
    static func feed(_ feed: LivePriceFeed, _ rounds: UpkeepRounds, _ process: ServiceProcess) async {
        await rounds.each(LivePriceFeed.interval) { partitions in
            guard partitions.contains(where: { $0.partition == 0 }) else { return }
            do throws(PipelineError) { try await feed.tick() } catch { process.observer.failed(doing: "prices", error: error) }
        }
    }
}
