internal import EventLoop
internal import Orders
internal import Pipeline

/// How a transaction ended.
enum TransactionOutcome: Sendable, Equatable {
    /// It landed, with this output in base units.
    case landed(amountOut: BaseUnits)
    /// The chain recorded it as failed: it can never fill.
    case failed(FailureCode, wouldBe: BaseUnits)
    /// Its last valid slot is over, and a last look found nothing: it can never land.
    case expired
}

/// A chain that swaps are sent to. A new one is one new file.
@ServiceActor
protocol Chain: AnyObject, Sendable {
    /// Signs the swap of one leg of an order for an attempt; the same arguments give the same signature. `now` is in ms of Redis' time.
    func sign(_ order: Order, leg: Int, attempt: Int, quote: Quote, now: UInt64) -> SignedTransaction
    /// Sends a signed transaction, the same bytes as often as need be, and follows it until its outcome is certain.
    /// Throws only `CancellationError`: as long as the outcome is open, the chain is asked again.
    func settle(_ transaction: SignedTransaction, order: Order) async throws -> TransactionOutcome
}
