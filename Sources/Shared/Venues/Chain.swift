public import EventLoop
public import Orders

/// How a transaction ended.
public enum TransactionOutcome: Sendable, Equatable {
    /// It landed, with this output in base units.
    case landed(amountOut: BaseUnits)
    /// The chain recorded it as failed: it can never fill.
    case failed(FailureCode, wouldBe: BaseUnits)
    /// Its last valid slot is over, and a last look found nothing: it can never land.
    case expired
}

/// A chain that swaps are sent to. A new one is one new file, and one line in `Chains`.
@ServiceActor
public protocol Chain: AnyObject, Sendable {
    /// What the network takes for a transaction, in lamports.
    var networkFeeLamports: UInt64 { get }

    /// Makes the chain ready for the first order. Returns early where the task is cancelled.
    func prepare() async

    /// Does what the chain has to do beside the orders, until the task is cancelled.
    func run() async

    /// Signs the swap of one leg of an order for an attempt. The signer may be far away; it has a deadline of its own. Nothing is sent before what
    /// is returned is written down, so that whoever takes the order over before that signs anew.
    ///
    /// Throws an `OrderFailure` where the swap is not signed, and else only `CancellationError`.
    ///
    /// - Parameter now: in ms of Redis' time.
    func sign(_ order: Order, leg: Int, attempt: Int, quote: Quote, now: UInt64) async throws -> SignedTransaction

    /// Sends a signed transaction, the same bytes as often as need be, and follows it until its outcome is certain.
    ///
    /// Throws only `CancellationError`: as long as the outcome is open, the chain is asked again.
    func settle(_ transaction: SignedTransaction, order: Order) async throws -> TransactionOutcome
}
