internal import Orders

/// The part of an event that dialects without events show. If it stays the same, there is no new message.
struct StatusChange: Equatable {
    let status: OrderStatus
    /// The transaction of the attempt. If an order is tried again, a new transaction is news even if the status is the same. A failed one is not
    /// shown with the statuses of the next attempt.
    let transaction: String?

    init(_ event: OrderEvent) {
        status = event.status
        transaction = [.submitted, .confirmed, .failed].contains(event.status) ? event.txHash : nil
    }
}
