internal import EventLoop
internal import Orders

/// One protocol of the sockets: a pure translation of canonical events, with no state but what it has said.
///
/// A new one is one new file, and one line where its path is registered.
protocol Dialect: Sendable {
    /// The messages that an event becomes, in order; none where the protocol is silent about it. Events come in order of seq.
    mutating func messages(for event: OrderEvent) -> [String]
    /// The messages after the final event has been sent.
    mutating func closing(after event: OrderEvent) -> [String]
    /// The messages before all events are sent again, because the client has seen more than the order has; none where it has to go on without.
    mutating func rewinding(_ id: OrderID, to seq: Int) -> [String]
}

extension Dialect {
    mutating func closing(after event: OrderEvent) -> [String] { [] }
    mutating func rewinding(_ id: OrderID, to seq: Int) -> [String] { [] }
}
