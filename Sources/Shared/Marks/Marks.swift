public import Configuration
public import EventLoop
public import Markets
public import Orders
public import PaperMarket
public import Pipeline
public import ServiceKit

/// The sources of marks.
@ServiceActor
public enum Marks {
    /// The source that goes with the venues of the settings.
    ///
    /// - Parameters:
    ///   - board: the mock market, begun by the caller.
    ///   - maxAge: the largest age of the mock market's state.
    ///   - wanter: for whom marks are asked for. Those that orders wait for come before others where not all can be had.
    public static func make(
        _ venues: VenueSource, tokens: TokenList, pools: PoolList, board: MarketBoard, maxAge: Duration, for wanter: PriceWanter,
        process: ServiceProcess
    ) -> any MarkSource {
        switch venues {
        case .mock: MockMarks(pools, tokens: tokens, board: board, maxAge: maxAge)
        case .live: LiveMarks(pipeline: process.pipeline, for: wanter)
        }
    }
}
