public import Orders
internal import Redis

/// An order as Redis has it. Postgres stores it as one row.
public struct OrderRecord: Sendable, Hashable {
    public let id: OrderID
    /// The field `s`, the whole text; empty if the hash has none. See `OrderPlace`.
    public let state: String
    /// The order as it was placed, as `Order.json` writes it; empty if the hash has none.
    public let details: String
    /// The signed transactions, in JSON; empty if there are none.
    let transactions: String
    /// The lines of each step, in order of seq. The lines of one step are separated by `\n`.
    private let steps: [String]

    /// A record by its parts; `lines` are in order of seq.
    public init(id: OrderID, state: String, details: String, lines: [String]) {
        self.init(id: id, state: state, details: details, transactions: "", steps: lines)
    }

    private init(id: OrderID, state: String, details: String, transactions: String, steps: [String]) {
        self.id = id
        self.state = state
        self.details = details
        self.transactions = transactions
        self.steps = steps
    }

    /// The record of a hash, from the answer of HGETALL. What is missing or no text is left empty: `fold` finds that out.
    init(_ id: OrderID, hash: RedisValue) {
        var (state, details, transactions, steps) = ("", "", "", [] as [(seq: Int, text: String)])
        for (name, value) in hash.pairs {
            guard let name = name.string, let value = value.string else { continue }
            switch name {
            case "s": state = value
            case "o": details = value
            case "t": transactions = value
            default: if let seq = Int(name) { steps.append((seq, value)) }
            }
        }
        steps.sort { $0.seq < $1.seq }
        self.init(id: id, state: state, details: details, transactions: transactions, steps: steps.map(\.text))
    }

    /// All lines, separated by `\n`.
    public var text: String { steps.joined(separator: "\n") }

    /// How far the order is; nil if that cannot be read.
    public var place: OrderPlace? { OrderPlace(state) }

    /// The order with all its events. Throws for a record of which a part is missing or cannot be read.
    public func fold(keepsEvents: Bool = true) throws(RecordError) -> OrderFold {
        var fold = OrderFold(try Order(json: details), keepsEvents: keepsEvents)
        for step in steps { try fold.add(lines: Substring(step)) }
        guard fold.order.id == id else { throw .missing("orderId", of: "order") }
        guard let place, place.seq == fold.seq else { throw .missing("s", of: "order") }
        return fold
    }
}
