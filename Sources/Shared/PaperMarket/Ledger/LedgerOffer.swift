package import Orders

/// What the chain does with a transaction that is offered to it.
package enum SendOutcome: String, Sendable {
    /// The chain has the transaction.
    case taken
    /// The chain had it already.
    case known
    /// Its last valid slot is over.
    case expired
    /// Another swap has moved one of its pools since its output was computed. Nothing was taken.
    case moved
}

/// The chain's answer to a send.
package struct SendAnswer: Sendable, Equatable {
    package let outcome: SendOutcome
    /// Time until the outcome of the transaction can be known. Nil if nobody can tell, as for a transaction that was lost on the way.
    let due: Duration?
    /// What has become of the transaction, if it was taken now and landed or failed at once.
    var settled: TransactionStatus?
}

/// The result of a transaction if the chain takes it now.
package struct SwapTerms: Sendable {
    /// The output in base units.
    let amountOut: BaseUnits
    /// The effects on its pools if it lands.
    var effects: [PoolEffect]
    /// The flows of these pools when the output was computed. Nil takes the output as it is, even if the pools have moved since.
    var flows: [String: PoolFlow]?

    package init(amountOut: BaseUnits, effects: [PoolEffect] = [], flows: [String: PoolFlow]? = nil) {
        (self.amountOut, self.effects, self.flows) = (amountOut, effects, flows)
    }
}

/// A transaction that is offered to the chain.
package struct LedgerOffer: Sendable {
    package let transaction: SignedTransaction
    let order: OrderID
    let terms: SwapTerms

    package init(transaction: SignedTransaction, order: OrderID, terms: SwapTerms) {
        (self.transaction, self.order, self.terms) = (transaction, order, terms)
    }

    /// The transaction's part of the arguments of the script.
    var arguments: [String] {
        let kind = (terms.amountOut.value < transaction.minOut.value ? "s" : "") + (terms.flows == nil ? "" : "m") + String(terms.effects.count)
        var arguments = [
            transaction.signature, order.description, String(transaction.leg), String(transaction.attempt), transaction.quote.dex,
            transaction.quote.amountIn.description, terms.amountOut.description, String(transaction.lastValidSlot), kind,
        ]
        for effect in terms.effects { arguments += [effect.pool, terms.flows?[effect.pool]?.text ?? "", String(effect.base)] }
        return arguments
    }
}
