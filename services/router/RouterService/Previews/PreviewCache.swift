internal import EventLoop
internal import Orders
internal import Venues

/// The newest rounds of quotes for previews, a limited number of them.
struct PreviewCache {
    /// Two previews with the same key get the same answer.
    struct Key: Hashable {
        private let mints: [String]
        private let amountIn: BaseUnits
        private let slippageBps: Int

        init(_ request: QuoteRequest) {
            mints = [request.tokenIn.mint, request.tokenOut.mint]
            (amountIn, slippageBps) = (request.amountIn, request.slippageBps)
        }
    }

    private static let maxRounds = 256

    private var rounds: [Key: (round: QuoteRound, at: MonotonicInstant)] = [:]

    /// The round of such a request, if there is one that is not older than `age`.
    func round(_ key: Key, within age: Duration, at now: MonotonicInstant) -> QuoteRound? {
        rounds[key].flatMap { now - $0.at <= age ? $0.round : nil }
    }

    /// Keeps a round. If there are too many, the oldest goes.
    mutating func keep(_ round: QuoteRound, _ key: Key, at now: MonotonicInstant) {
        rounds[key] = (round, now)
        if rounds.count > Self.maxRounds, let oldest = rounds.min(by: { $0.value.at < $1.value.at }) { rounds[oldest.key] = nil }
    }
}
