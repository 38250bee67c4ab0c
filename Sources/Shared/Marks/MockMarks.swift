internal import EventLoop
internal import Markets
internal import Orders
internal import PaperMarket
internal import Pipeline

/// Marks of the mock market: computed from its pools, without a network and without their latency.
@ServiceActor
final class MockMarks: MarkSource {
    private let board: MarketBoard
    private let venues: [[Pool]]
    private let middles: [Token]
    private let probe: MarkProbe
    private let maxAge: Duration
    /// The addresses of the pools of each venue over which a pair can be traded.
    private var ways: [Pair: [[String]]] = [:]

    private struct Pair: Hashable { let tokenIn, tokenOut: String }

    /// - Parameter maxAge: the largest age of the market's state.
    init(_ pools: PoolList, tokens: TokenList, board: MarketBoard, maxAge: Duration) {
        self.board = board
        venues = pools.dexes.map { pools.pools(dex: $0) }
        middles = pools.middles
        probe = MarkProbe(tokens)
        self.maxAge = maxAge
    }

    func marks(_ questions: Set<MarkQuestion>, partition: Int) async -> [MarkQuestion: Mark] {
        guard !questions.isEmpty, let view = await board.view(partition: partition, within: maxAge), view.time > 0 else { return [:] }
        var marks: [MarkQuestion: Mark] = [:]
        for question in questions {
            marks[question] = await probe.answer(question, at: view.time) { amount, tokenIn, tokenOut in
                best(amount, tokenIn, tokenOut, view)
            }
        }
        return marks
    }

    /// The best quote over all venues.
    private func best(_ amount: BaseUnits, _ tokenIn: Token, _ tokenOut: Token, _ view: MarketView) -> Quote? {
        let quotes = pools(tokenIn, tokenOut).compactMap { pools in
            try? PoolQuoter.bestQuote(
                amountIn: amount, pools: pools.compactMap { view.pool($0) }, middles: middles, from: tokenIn, to: tokenOut, slippageBps: 0)
        }
        return QuoteComparison(quotes)?.best
    }

    /// The pools that count for a pair. They do not change, and a tick asks for every pair for which an order waits.
    private func pools(_ tokenIn: Token, _ tokenOut: Token) -> [[String]] {
        let pair = Pair(tokenIn: tokenIn.mint, tokenOut: tokenOut.mint)
        if let known = ways[pair] { return known }
        let found = venues.map { pools in
            let direct = pools.filter { $0.trades(from: tokenIn, to: tokenOut) }
            guard direct.isEmpty else { return direct.map(\.address) }
            return pools.filter { pool in
                middles.contains { pool.trades(from: tokenIn, to: $0) || pool.trades(from: $0, to: tokenOut) }
            }.map(\.address)
        }
        ways[pair] = found
        return found
    }
}
