import EventLoop
import Orders
import Venues

/// A venue that answers what the test says.
@ServiceActor
final class FakeVenue: Venue {
    enum Answer {
        case quote(UInt64)
        case failure(FailureCode)
        /// An error that is no `OrderFailure`.
        case error
        case silence
    }

    let dex: String
    var answer: Answer
    private(set) var asked = 0
    /// The amounts for which it was asked.
    private(set) var amounts: [BaseUnits] = []
    /// The time that its quotes carry.
    var quotedAt: UInt64?
    /// While it is set, an answer waits for it.
    var gate: Promise<Void>?

    init(_ dex: String, _ answer: Answer) {
        self.dex = dex
        self.answer = answer
    }

    func quote(_ request: QuoteRequest) async throws -> Quote {
        asked += 1
        amounts.append(request.amountIn)
        if let gate { try await gate.value }
        switch answer {
        case .quote(let amountOut):
            var quote = Samples.quote(dex, amountOut: amountOut)
            quote.quotedAt = quotedAt
            return quote
        case .failure(let code): throw OrderFailure(code)
        case .error: throw DeadlineExceeded(limit: .seconds(1))
        case .silence:
            try await sleep(for: .seconds(600))
            throw CancellationError()
        }
    }
}

extension QuoteRequest {
    static let sample = QuoteRequest(tokenIn: Samples.sol, tokenOut: Samples.usdc, amountIn: BaseUnits(1_500_000_000), slippageBps: 100)
}
