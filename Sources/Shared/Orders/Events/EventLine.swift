internal import JSON

/// One line of an order's events as it was read: a compact event, or a whole event of an earlier version.
public struct EventLine: Sendable {
    enum Content: Sendable {
        case compact(CompactLine)
        case whole(OrderEvent)
    }

    let content: Content

    /// Reads a line, or a message about it: that also has `orderId` and `status`. Throws if it is no event.
    public init(_ text: Substring) throws(RecordError) {
        let json = try Record.parse("event", text)
        content = json["t"] == nil ? .whole(try OrderEvent(json: json)) : .compact(try CompactLine(json))
    }

    public var seq: Int {
        switch content {
        case .compact(let line): line.seq
        case .whole(let event): event.seq
        }
    }

    /// The order that it names; nil for a compact event, which names it only in a message.
    var orderID: OrderID? {
        switch content {
        case .compact(let line): line.orderID
        case .whole(let event): event.orderId
        }
    }

    var isWhole: Bool { if case .whole = content { true } else { false } }
}

/// A compact event as it was read.
struct CompactLine: Sendable {
    /// The order that a message is about; nil for a line of the order itself.
    let orderID: OrderID?
    /// Unix ms.
    let at: UInt64
    let seq: Int
    let type: EventType
    let status: OrderStatus
    /// Per cent; nil repeats the last progress.
    let progress: Int?
    let message: String
    let attempt: Int
    /// The route that the event brings, or the last one with legs that have moved on.
    let route: ChosenRoute?
    /// Whether it shows the last quotes again.
    let showsQuotes: Bool
    /// What it adds, without the route.
    let details: EventDetails
    /// Members that a newer version has added.
    let unknown: [JSONMember]

    /// The members that are not fields of `details`.
    private static let own: Set<String> = [
        "orderId", "t", "seq", "type", "status", "progress", "message", "attempt", "chosen", "showsQuotes",
    ]

    init(_ json: JSONValue) throws(RecordError) {
        let record = Record("event", json)
        orderID = try record.optional("orderId")
        at = UInt64(try record.integer("t", in: 0...Seq.max))
        seq = try record.integer("seq", in: 1...Seq.max)
        let type: EventType = try record.value("type")
        self.type = type
        guard let status = try record.optional("status") ?? OrderStatus(rawValue: type.rawValue) else { throw .missing("status", of: "event") }
        self.status = status
        progress = try record.optional("progress", in: 0...100)
        message = try record.value("message")
        attempt = try record.integer("attempt", in: 1...1_000_000)
        showsQuotes = try record.optional("showsQuotes") ?? false
        var (details, unknown) = try Self.details(json, record)
        route = try Self.route(try record.optional("chosen"), &details)
        self.details = details
        self.unknown = unknown
    }

    private static func details(_ json: JSONValue, _ record: Record) throws(RecordError) -> (EventDetails, unknown: [JSONMember]) {
        var (details, unknown) = (EventDetails(), [] as [JSONMember])
        for member in json.object ?? [] where !own.contains(member.name) {
            if let field = EventField.added[member.name] {
                try field.read(record, &details)
            } else if !EventField.derived.contains(member.name) {
                unknown.append(member)
            }
        }
        return (details, unknown)
    }

    /// Takes the route out of the details: a quote named by its index, or a route written out.
    private static func route(_ chosen: Int?, _ details: inout EventDetails) throws(RecordError) -> ChosenRoute? {
        if let chosen {
            guard let quotes = details.quotes, quotes.indices.contains(chosen) else { throw .missing("chosen", of: "event") }
            return ChosenRoute(quotes[chosen])
        }
        guard let quote = details.quote else {
            guard details.chosenDex == nil, details.legs == nil else { throw .missing("quote", of: "event") }
            return nil
        }
        defer { (details.chosenDex, details.quote, details.legs) = (nil, nil, nil) }
        return try ChosenRoute(stored: quote, legs: details.legs)
    }
}
