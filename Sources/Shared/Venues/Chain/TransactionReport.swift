public import EventLoop
public import Orders

/// What a chain says about a transaction, when it is sent and when it is asked for.
public enum TransactionReport: Sendable, Equatable {
    /// The chain could not be asked. Nothing is known, not even whether a send has reached it.
    case unavailable
    /// The chain has no trace of it: it was never sent, or it was lost on the way. It may still land.
    case unknown
    /// The chain has it. Its outcome can be known after this time; nil if the chain cannot tell.
    case onItsWay(due: Duration?)
    /// The outcome is certain.
    case settled(TransactionOutcome)
}

/// A transaction of an order, as it is sent to a chain.
public final class OutgoingTransaction: Sendable {
    public let transaction: SignedTransaction
    public let order: Order

    init(transaction: SignedTransaction, order: Order) {
        self.transaction = transaction
        self.order = order
    }
}

/// Asks a chain about many transactions in one request. Both methods answer one report for each transaction, in the same order.
@ServiceActor
public protocol ChainClient: AnyObject, Sendable {
    /// Sends transactions, each with its own bytes. The same transaction may have been sent before.
    func send(_ batch: [OutgoingTransaction]) async -> [TransactionReport]

    /// Looks what has become of transactions.
    func look(at batch: [OutgoingTransaction]) async -> [TransactionReport]
}
