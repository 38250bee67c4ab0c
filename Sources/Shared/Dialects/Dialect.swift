internal import JSON
public import Orders

/// One protocol of the engine's clients: how they write an order, the answer to it, and the messages on its socket.
///
/// A value is one conversation. It translates canonical events, and its state depends only on the events so far, which come in order of seq. A new
/// dialect is one new file here and its name in `Dialects.all`.
public protocol Dialect: Sendable {
    /// The dialect's label in metrics.
    static var label: String { get }
    /// The path of its socket, and how a client names its order there.
    static var socket: SocketAddress { get }
    /// The dialect's names for the members of an order.
    static var spelling: OrderSpelling { get }
    /// The key of the socket's URL in the answer to an order; nil if the answer has none.
    static var socketKey: String? { get }

    /// Whether a GET of the socket's path without an upgrade shows the order; otherwise the answer is 426.
    static var showsOrder: Bool { get }

    /// Whether its clients know orders that wait for a price. Others get events as `OrderEvent.documented` has them.
    static var knowsWaiting: Bool { get }

    init()

    /// Whether an order is certainly written in this dialect, so that `answer` makes the answer.
    static func claims(_ reading: RequestReading) -> Bool
    /// The answer to such an order, a JSON object.
    static func answer(_ order: AcceptedOrder) -> String

    /// The messages that greet a client before anything is known of the order. `time` is the present time, in the form of events.
    func greeting(_ id: OrderID, at time: String) -> [String]
    /// Gives the order as it was placed, before the first event.
    mutating func introduce(_ order: Order)
    /// The messages for all events that exist when the client connects. There is at least one event.
    mutating func replay(_ events: [OrderEvent]) -> [String]
    /// The messages for a later event, in order; none if the dialect does not show it.
    mutating func messages(for event: OrderEvent) -> [String]
    /// The messages that come before all events are sent again, because the client has seen more events than the order has. None if the dialect has
    /// no such message; then nothing is sent again.
    mutating func rewinding(_ id: OrderID, to seq: Int) -> [String]
}

extension Dialect {
    /// Only the engine's own names.
    public static var spelling: OrderSpelling { OrderSpelling() }
    public static var socketKey: String? { nil }
    /// False: no document has orders that wait for a price.
    public static var knowsWaiting: Bool { false }
    /// False: the answer is 426.
    public static var showsOrder: Bool { false }

    /// False: no order is certainly written in this dialect.
    public static func claims(_ reading: RequestReading) -> Bool { false }
    /// The common answer, which the clients of all these dialects can read.
    public static func answer(_ order: AcceptedOrder) -> String { Dialects.commonAnswer(order) }

    public func greeting(_ id: OrderID, at time: String) -> [String] { [] }
    /// Does nothing: no message depends on it.
    public mutating func introduce(_ order: Order) {}
    /// The same messages as if the client had been connected all the time.
    public mutating func replay(_ events: [OrderEvent]) -> [String] { events.flatMap { messages(for: $0) } }
    /// None: the client gets no events again.
    public mutating func rewinding(_ id: OrderID, to seq: Int) -> [String] { [] }
}

/// The address of a dialect's socket.
public enum SocketAddress: Sendable {
    /// At a path with the order's id in it, as `{id}`.
    case path(String)
    /// At a path, with the order's id as this parameter of the query.
    case query(String, parameter: String)
    /// At a path; the order's id is the client's first message.
    case firstMessage(String)

    /// The path in the form of routes.
    public var path: String {
        switch self {
        case .path(let path), .query(let path, _), .firstMessage(let path): path
        }
    }
}

/// The data for the answer to an accepted order.
public struct AcceptedOrder: Sendable {
    let id: OrderID
    let job: String
    let slippageBps: Int
    let warnings: [FieldError]
    /// Scheme, host and path prefix of the sockets' URLs.
    let socketOrigin: String
    /// The token that the sockets' URLs have; nil for none.
    let socketToken: String?

    /// What is said of an order that is not a market order.
    let waiting: Waiting?

    /// What is said of an order that is not a market order.
    public struct Waiting: Sendable {
        let isOpen: Bool
        let summary: String
        let then: [OrderID]

        /// - Parameters:
        ///   - isOpen: whether it waits for its price.
        ///   - summary: what will happen, in one sentence.
        ///   - then: the orders that follow it.
        public init(isOpen: Bool, summary: String, then: [OrderID]) { (self.isOpen, self.summary, self.then) = (isOpen, summary, then) }
    }

    /// - Parameters:
    ///   - job: the id of the order's entry in its stream.
    ///   - warnings: parts of the request that the client may not have meant.
    ///   - socketOrigin: such as `ws://localhost:3000`.
    ///   - socketToken: lets the client follow the order without a key; nil where there are no keys.
    ///   - waiting: what is said of an order that is not a market order.
    public init(
        _ id: OrderID, job: String, slippageBps: Int, warnings: [FieldError], socketOrigin: String, socketToken: String? = nil,
        waiting: Waiting? = nil
    ) {
        (self.id, self.job, self.slippageBps, self.warnings, self.waiting) = (id, job, slippageBps, warnings, waiting)
        (self.socketOrigin, self.socketToken) = (socketOrigin, socketToken)
    }

    /// The URL of the order's socket in a dialect.
    func socketURL(in dialect: any Dialect.Type) -> String {
        let url = socketOrigin + dialect.socket.path.filling("{id}", with: id.description)
        return socketToken.map { url + "?token=" + $0 } ?? url
    }

    /// Writes the warnings, if there are any.
    func writeWarnings(to writer: inout JSONWriter) { if !warnings.isEmpty { writer.field("warnings", warnings) } }
}

/// All dialects besides the native one.
public enum Dialects {
    /// The dialects, in the order in which an answer lists their sockets.
    public static let all: [any Dialect.Type] = [BackfillDialect.self, ProgressDialect.self, StatusUpdateDialect.self, SnakeCaseDialect.self]

    /// The names for the members of an order in any dialect.
    public static let vocabulary = OrderVocabulary(all.map { $0.spelling })

    /// The answer to an order, in the dialect of the request. If the dialect is not certain, the answer has the keys of all dialects that it may be.
    public static func answer(_ order: AcceptedOrder, to reading: RequestReading) -> String {
        all.first { $0.claims(reading) }.map { $0.answer(order) } ?? commonAnswer(order)
    }

    static func commonAnswer(_ order: AcceptedOrder) -> String {
        JSONWriter.object {
            $0.field("success", true)
            $0.field("orderId", order.id)
            $0.field("jobId", order.job)
            let isOpen = order.waiting?.isOpen == true
            $0.field("status", (isOpen ? OrderStatus.open : .pending).rawValue)
            $0.field("message", isOpen ? "Order created and waiting for its price" : "Order created and enqueued for processing")
            $0.field("summary", ifPresent: order.waiting?.summary)
            $0.field("thenOrderIds", ifPresent: order.waiting.flatMap { $0.then.isEmpty ? nil : $0.then })
            $0.field("slippageBps", order.slippageBps)
            for dialect in all {
                guard let key = dialect.socketKey else { continue }
                $0.field(key, order.socketURL(in: dialect))
            }
            order.writeWarnings(to: &$0)
        }
    }
}
