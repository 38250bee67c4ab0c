import JSON

/// The dialects of the sockets, with what a test needs of each.
enum StreamDialect: String, CaseIterable, Sendable {
    case native
    case backfill, progress, statusUpdate, snakeCase

    /// The path on which an order is watched. Only the native dialect goes on after what was seen; the others begin anew.
    func path(_ id: String, after seq: Int) -> String {
        switch self {
        case .native: "/v1/stream?orderId=\(id)&after=\(seq)"
        case .backfill: "/api/orders/execute?orderId=\(id)"
        case .progress: "/api/orders/status/\(id)"
        case .statusUpdate: "/ws/orders/\(id)"
        case .snakeCase: "/api/orders/status"
        }
    }

    /// The client's first message.
    func opening(_ id: String) -> String? { self == .snakeCase ? " \(id)\n" : nil }

    /// What a client has to read on one connection from its first message to its last, one line per message.
    ///
    /// Only the first message of the backfill dialect tells how far the order was when the client came.
    func expected(of events: [JSONValue], first: JSONValue?) -> [String] {
        switch self {
        case .native: events.map { "\($0["seq"]?.integer ?? 0)" }
        case .progress: ["connection", "subscribed"] + events.map { "\(Self.text($0, "type")) \(Self.text($0, "timestamp"))" }
        case .statusUpdate: events.filter { $0["progress"]?.integer != 70 }.map(Self.status)
        case .snakeCase: Self.changes(events).map { "\(Self.text($0, "status")) \(Self.shownHash($0))" }
        case .backfill:
            {
                let seen = first?["logs"]?.array?.count ?? 0
                let past = events.prefix(seen).map(Self.status).joined(separator: ", ")
                let later = Self.changes(events).filter { event in !events.prefix(seen).contains(event) }
                return ["backfill: \(past)"] + later.map(Self.status)
            }()
        }
    }

    /// A message in the same form.
    func line(_ message: JSONValue) -> String {
        switch self {
        case .native: "\(message["event"]?["seq"]?.integer ?? 0)"
        case .progress where ["connection", "subscribed"].contains(Self.text(message, "type")): Self.text(message, "type")
        case .progress: "\(Self.text(message, "type")) \(Self.text(message, "timestamp"))"
        case .snakeCase: "\(Self.text(message, "status")) \(Self.text(message, "tx_hash"))"
        case .backfill where Self.text(message, "type") == "backfill":
            "backfill: \((message["logs"]?.array ?? []).map(Self.status).joined(separator: ", "))"
        case .backfill, .statusUpdate: Self.status(message)
        }
    }

    private static func text(_ value: JSONValue, _ name: String) -> String { value[name]?.string ?? "" }
    private static func status(_ value: JSONValue) -> String { "\(text(value, "status")) \(text(value, "timestamp"))" }

    private static func shownHash(_ event: JSONValue) -> String {
        ["submitted", "confirmed", "failed"].contains(text(event, "status")) ? text(event, "txHash") : ""
    }

    /// The events that differ from the one before in status or transaction.
    private static func changes(_ events: [JSONValue]) -> [JSONValue] {
        var last: [String]?
        return events.filter { event in
            let change = [text(event, "status"), shownHash(event)]
            defer { last = change }
            return change != last
        }
    }
}
