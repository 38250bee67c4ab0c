internal import Orders

/// What those dialects tell their clients that know statuses, not events: two events with the same are one message.
struct StatusChange: Equatable {
    let status: OrderStatus
    /// Another transaction of an order that is tried again is news, though the status may be the same. One that came to nothing is not shown with
    /// the statuses of the next attempt.
    let transaction: String?

    init(_ event: OrderEvent) {
        status = event.status
        transaction = [.submitted, .confirmed, .failed].contains(event.status) ? event.txHash : nil
    }
}
