public import EventLoop
public import Orders

/// How a transaction ended.
public enum TransactionOutcome: Sendable, Equatable {
    /// It landed, with this output in base units.
    case landed(amountOut: BaseUnits)
    /// The chain recorded it as failed. It can never fill.
    case failed(FailureCode, wouldBe: BaseUnits)
    /// Its last valid slot has passed, and a last check found nothing. It can never land.
    case expired
}

/// A chain that swaps are sent to. A new chain is one new file and one line in `Chains`.
@ServiceActor
public protocol Chain: AnyObject, Sendable {
    /// The network's fee for a transaction, in lamports.
    var networkFeeLamports: UInt64 { get }

    /// Whether signing takes no time worth showing. The orders of such a chain are begun and submitted in one step.
    var signsAtOnce: Bool { get }

    /// Makes the chain ready for the first order. Returns early if the task is cancelled.
    func prepare() async

    /// Does the chain's work beside the orders, until the task is cancelled.
    func run() async

    /// Signs the swap of one leg of an order for an attempt. The signer may be far away; it has a deadline of its own. The caller stores the result
    /// before anything is sent. If another worker takes the order over before that, it signs again.
    ///
    /// Throws an `OrderFailure` if the swap is not signed; otherwise throws only `CancellationError`.
    ///
    /// - Parameters:
    ///   - rests: how often the order has waited again. Its attempts count from 1 after each time.
    ///   - now: in ms of Redis' time.
    func sign(_ order: Order, leg: Int, attempt: Int, rests: Int, quote: Quote, now: UInt64) async throws -> SignedTransaction

    /// Sends a signed transaction, with the same bytes as often as needed, and follows it until its outcome is certain.
    ///
    /// Throws only `CancellationError`: as long as the outcome is open, the chain is asked again.
    func settle(_ transaction: SignedTransaction, order: Order) async throws -> TransactionOutcome
}
