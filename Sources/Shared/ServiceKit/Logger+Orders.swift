public import Observability
public import Orders

extension Logger {
    /// Logs an event of an order with its id, and with the trace of its request if there is one.
    public func order(_ level: Level, _ event: String, _ order: Order, _ fields: @autoclosure () -> LogFields = [:]) {
        log(level, event, about: Self.subject(order), fields())
    }

    private static func subject(_ order: Order) -> [LogField] {
        let id: [LogField] = [("orderId", .string(order.id.description))]
        return id + (order.traceID.map { [("traceId", .string($0))] } ?? [])
    }
}
