internal import JSON
public import Orders

/// One protocol of the engine's clients, whole: how they write an order, what they are answered, and what they are told on its socket.
///
/// A value is one conversation: a pure translation of canonical events, with no state but what follows from the events it was given, which come in
/// order of seq. A new dialect is one new file here, and its name in `Dialects.all`.
public protocol Dialect: Sendable {
    /// How the dialect is called in metrics.
    static var label: String { get }
    /// Where its socket is, and how a client names its order there.
    static var socket: SocketAddress { get }
    /// The names that its clients have for the members of an order.
    static var spelling: OrderSpelling { get }
    /// The key under which the answer to an order has the socket's URL; nil where it has none.
    static var socketKey: String? { get }

    /// Whether a GET of the socket's path without an upgrade shows the order; else it is answered with 426.
    static var showsOrder: Bool { get }

    /// A conversation that has not begun.
    init()

    /// Whether an order was written in this dialect and no other, so that it is answered by `answer`.
    static func claims(_ reading: RequestReading) -> Bool
    /// The answer to such an order, a JSON object.
    static func answer(_ order: AcceptedOrder) -> String

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
    /// The engine's own names only.
    public static var spelling: OrderSpelling { OrderSpelling() }
    /// None.
    public static var socketKey: String? { nil }
    /// It is answered with 426.
    public static var showsOrder: Bool { false }

    /// None is written in this dialect only.
    public static func claims(_ reading: RequestReading) -> Bool { false }
    /// What the clients of all these dialects read.
    public static func answer(_ order: AcceptedOrder) -> String { Dialects.commonAnswer(order) }

    /// None.
    public func greeting(_ id: OrderID, at time: String) -> [String] { [] }
    /// Nothing that messages depend on.
    public mutating func introduce(_ order: Order) {}
    /// As if the client had been there all the time.
    public mutating func replay(_ events: [OrderEvent]) -> [String] { events.flatMap { messages(for: $0) } }
    /// None: the client goes on without.
    public mutating func rewinding(_ id: OrderID, to seq: Int) -> [String] { [] }
}

/// Where the socket of a dialect is.
public enum SocketAddress: Sendable {
    /// At a path with the order's id in it, as `{id}`.
    case path(String)
    /// At a path, with the order's id as this parameter of the query.
    case query(String, parameter: String)
    /// At a path; the order's id is the client's first message.
    case firstMessage(String)

    /// The path, as routes have it.
    public var path: String {
        switch self {
        case .path(let path), .query(let path, _), .firstMessage(let path): path
        }
    }
}

/// What is answered about an order that is in.
public struct AcceptedOrder: Sendable {
    let id: OrderID
    let job: String
    let slippageBps: Int
    let warnings: [FieldError]
    /// The scheme and host of the sockets' URLs, with the path that is before the engine's own.
    let socketOrigin: String

    /// - Parameters:
    ///   - job: the id of the order's entry in its stream.
    ///   - warnings: what the client may not have meant.
    ///   - socketOrigin: such as `ws://localhost:3000`.
    public init(_ id: OrderID, job: String, slippageBps: Int, warnings: [FieldError], socketOrigin: String) {
        (self.id, self.job, self.slippageBps, self.warnings, self.socketOrigin) = (id, job, slippageBps, warnings, socketOrigin)
    }

    /// Writes the warnings, where there are any.
    func writeWarnings(to writer: inout JSONWriter) { if !warnings.isEmpty { writer.field("warnings", warnings) } }
}

/// All dialects that the engine speaks beside its own.
public enum Dialects {
    /// In the order in which an answer lists their sockets.
    public static let all: [any Dialect.Type] = [BackfillDialect.self, ProgressDialect.self, StatusUpdateDialect.self, SnakeCaseDialect.self]

    /// The names that the members of an order may have in any of them.
    public static let vocabulary = OrderVocabulary(all.map { $0.spelling })

    /// The answer to an order, in the dialect in which it was written. Where that may be several, the answer has what each of them has.
    public static func answer(_ order: AcceptedOrder, to reading: RequestReading) -> String {
        all.first { $0.claims(reading) }.map { $0.answer(order) } ?? commonAnswer(order)
    }

    static func commonAnswer(_ order: AcceptedOrder) -> String {
        JSONWriter.object {
            $0.field("success", true)
            $0.field("orderId", order.id)
            $0.field("jobId", order.job)
            $0.field("status", OrderStatus.pending.rawValue)
            $0.field("message", "Order created and enqueued for processing")
            $0.field("slippageBps", order.slippageBps)
            for dialect in all {
                guard let key = dialect.socketKey else { continue }
                $0.field(key, order.socketOrigin + dialect.socket.path.replacing("{id}", with: order.id.description))
            }
            order.writeWarnings(to: &$0)
        }
    }
}
