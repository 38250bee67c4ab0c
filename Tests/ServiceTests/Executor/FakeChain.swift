import EventLoop
import Orders
import Pipeline
import Venues

@testable import ExecutorService
@testable import PaperMarket

/// A chain whose outcomes a test decides. It records what it was asked.
@ServiceActor
final class FakeChain: Chain {
    /// Outcomes of the next settlements. If there are none left, a settlement waits until it is cancelled.
    var outcomes: [TransactionOutcome] = []
    /// Outcomes for one leg, which come before those for any leg.
    var outcomesOfLegs: [Int: [TransactionOutcome]] = [:]
    /// Why the signer refuses. Nil if it signs.
    var refusal: OrderFailure?
    var networkFeeLamports: UInt64 = 5000
    var signsAtOnce = true
    /// Called when a settlement begins.
    var onSettle: (@ServiceActor () async throws -> Void)?
    private(set) var signed: [SignedTransaction] = []
    private(set) var settled: [SignedTransaction] = []

    func prepare() async {}

    func run() async {}

    func sign(_ order: Order, leg: Int, attempt: Int, rests: Int, quote: Quote, now: UInt64) async throws -> SignedTransaction {
        if let refusal { throw refusal }
        let transaction = SignedTransaction(
            leg: leg, attempt: attempt, signature: MockSignature.make(order: order.id, leg: leg, attempt: attempt, rests: rests),
            bytes: "bytes-\(attempt)-\(signed.count)", lastValidSlot: 99, quote: quote, minOut: BaseUnits(216_037_800))
        signed.append(transaction)
        return transaction
    }

    func settle(_ transaction: SignedTransaction, order: Order) async throws -> TransactionOutcome {
        settled.append(transaction)
        try await onSettle?()
        if let outcome = outcomesOfLegs[transaction.leg]?.first {
            outcomesOfLegs[transaction.leg]?.removeFirst()
            return outcome
        }
        guard !outcomes.isEmpty else {
            try await sleep(for: .seconds(600))
            throw CancellationError()
        }
        return outcomes.removeFirst()
    }
}
