internal import Orders

/// What the chain does with a transaction that is offered to it.
enum SendOutcome: String, Sendable {
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
struct SendAnswer: Sendable, Equatable {
    let outcome: SendOutcome
    /// Time until the outcome of the transaction can be known. Nil if nobody can tell, as for a transaction that was lost on the way.
    let due: Duration?
}

/// The result of a transaction if the chain takes it now.
struct SwapTerms: Sendable {
    /// The output in base units.
    let amountOut: BaseUnits
    /// The effects on its pools if it lands.
    var effects: [PoolEffect] = []
    /// The flows of these pools when the output was computed. Nil takes the output as it is, even if the pools have moved since.
    var flows: [String: PoolFlow]?
}

/// A transaction that is offered to the chain.
struct LedgerOffer: Sendable {
    let transaction: SignedTransaction
    let order: OrderID
    let terms: SwapTerms

    /// The transaction's part of the arguments of the script.
    var arguments: [String] {
        let slips = terms.amountOut.value < transaction.minOut.value
        var arguments = [
            transaction.signature, order.description, String(transaction.leg), String(transaction.attempt), transaction.quote.dex,
            transaction.quote.amountIn.description, terms.amountOut.description, String(transaction.lastValidSlot), slips ? "1" : "0",
            terms.flows == nil ? "0" : "1", String(terms.effects.count),
        ]
        for effect in terms.effects { arguments += [effect.pool, terms.flows?[effect.pool]?.text ?? "", String(effect.base)] }
        return arguments
    }
}
