public import Orders

extension OrderEvent {
    /// The event as a client of the five documents may see it; nil if it tells such a client nothing. Their documents know no order that waits for a
    /// price: one that does is pending, and one whose time has ended has failed.
    public var documented: OrderEvent? {
        var event = self
        switch type {
        case .open: (event.type, event.status) = (.pending, .pending)
        case .amended, .triggered: return nil
        case .expired:
            (event.type, event.status) = (.failed, .failed)
            event.error = OrderFailure(.deadlineExceeded, message: message)
            event.totalAttempts = event.attempt
        default: return self
        }
        return event
    }
}
