internal import JSON
public import Orders

/// An order that is new, with the place where it waits if it does not begin at once.
public struct NewOrder: Sendable, Hashable {
    public let order: Order
    /// How it waits; nil if it begins at once.
    public let waiting: Waiting?

    public init(_ order: Order, waiting: Waiting? = nil) { (self.order, self.waiting) = (order, waiting) }

    var place: WaitPlace? { waiting.flatMap { waiting in PriceDirection(order).map { WaitPlace(waiting, $0) } } }

    /// The arguments of the script's function `create`, in its order.
    var sheet: [String] {
        let place = place
        return [
            order.id.description, order.json, order.fingerprint, order.deadline.map { String($0) } ?? "", place?.spot ?? "", place?.renewal ?? "",
            place?.trail ?? "", place == nil ? "" : order.terms?.expiresAt.map { String($0) } ?? "", order.oco?.description ?? "",
            order.then.isEmpty ? "" : "1", waiting.map { Self.escaped(EventMessage.waiting(for: order.words($0))) } ?? "",
            waiting.map(Self.members) ?? "",
        ]
    }

    static func escaped(_ text: String) -> String { String(JSONWriter.value(text).dropFirst().dropLast()) }

    /// The members of an event that shows what an order waits for.
    static func members(_ waiting: Waiting) -> String {
        switch waiting {
        case .price(let trigger): JSONWriter.members { $0.field("waitsFor", trigger.level) }
        case .trailing(let trailing): JSONWriter.members { $0.field("waitsFor", trailing.trigger.level) }
        case .liquidity: ""
        }
    }
}
