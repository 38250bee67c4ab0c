internal import Orders
internal import Venues

/// The result of a round of transactions: the route with the landed legs, and why not all have landed.
struct Settlement {
    /// The route after this round.
    let route: ChosenRoute
    /// Why a leg has not landed. If there are several reasons, the one with the strongest effect: the order's end, then fresh quotes, then another
    /// signature.
    let failure: OrderFailure?

    /// The result of the outcomes of all transactions that were under way.
    init(_ route: ChosenRoute, _ outcomes: [(transaction: SignedTransaction, outcome: TransactionOutcome)], of order: Order) {
        let legs = Dictionary(route.legs.map { ($0.number, $0) }) { first, _ in first }
        var settled: [Int: OrderLeg] = [:]
        var failures: [OrderFailure] = []
        for (transaction, outcome) in outcomes.sorted(by: { $0.transaction.leg < $1.transaction.leg }) {
            let leg = legs[transaction.leg] ?? OrderLeg(transaction.leg, transaction.quote)
            if case .landed(let amountOut) = outcome {
                settled[leg.number] = leg.submitted(transaction.signature).landed(amountOut, of: order.tokenOut)
            } else {
                settled[leg.number] = leg.submitted(transaction.signature).failed()
                failures.append(Self.failure(transaction, outcome, of: order))
            }
        }
        self.route = route.changing(settled)
        failure = failures.max { Self.weight($0) < Self.weight($1) }
    }

    private static func weight(_ failure: OrderFailure) -> Int {
        switch failure.code.followUp {
        case .giveUp: 2
        case .freshQuote, .freshQuoteAtOnce: 1
        case .sameRoute: 0
        }
    }

    private static func failure(_ transaction: SignedTransaction, _ outcome: TransactionOutcome, of order: Order) -> OrderFailure {
        switch outcome {
        case .failed(.slippageExceeded, BaseUnits(0)):
            .unfillable(transaction.quote, limit: transaction.minOut, of: order)
        case .failed(.slippageExceeded, let wouldBe):
            .slippage(expected: transaction.quote.amountOut, got: wouldBe, limit: transaction.minOut, of: order)
        case .failed(let code, _): OrderFailure(code)
        case .expired, .landed: OrderFailure(.transactionExpired)
        }
    }
}
