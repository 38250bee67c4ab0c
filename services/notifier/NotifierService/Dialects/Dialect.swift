internal import Orders

/// One protocol of the sockets: a pure translation of canonical events, with no state but what follows from the events it was given.
///
/// A new one is one new file, and one line where its path is registered. Events come in order of seq.
protocol Dialect: Sendable {
    /// The messages that greet a client, before anything is known of the order. `time` is now, as events have it.
    func greeting(_ id: OrderID, at time: String) -> [String]
    /// What was ordered, before the first event.
    mutating func introduce(_ order: Order)
    /// The messages for what the order has been through when the client comes: at least one event, and all there are so far.
    mutating func replay(_ events: [OrderEvent]) -> [String]
    /// The messages that a later event becomes, in order; none where the protocol is silent about it.
    mutating func messages(for event: OrderEvent) -> [String]
    /// The messages before all events are sent again, because the client has seen more than the order has; none where it has to go on without.
    mutating func rewinding(_ id: OrderID, to seq: Int) -> [String]
}

extension Dialect {
    func greeting(_ id: OrderID, at time: String) -> [String] { [] }

    mutating func introduce(_ order: Order) {}

    /// As if the client had been there all the time.
    mutating func replay(_ events: [OrderEvent]) -> [String] { events.flatMap { messages(for: $0) } }

    mutating func rewinding(_ id: OrderID, to seq: Int) -> [String] { [] }
}
