internal import JSON

/// An event as Redis and Postgres hold it: one line of JSON with only what is new about the order. `OrderFold` makes the events that clients see from
/// an order's lines.
///
/// `{"t":1768030217789,"seq":2,"type":"routing","progress":10,"message":"Fetching quotes from multiple DEXs...","attempt":1}`
public struct CompactEvent: Sendable, Hashable {
    public var type: EventType
    /// The order's status with this event; nil if the type says it.
    public var status: OrderStatus?
    /// Per cent; nil repeats the last progress.
    public var progress: Int?
    /// For people.
    public var message: String
    /// From 1.
    public var attempt: Int
    /// The members that only this event adds, as `JSONWriter.members` makes them; empty for none.
    public var members: String

    public init(_ type: EventType, status: OrderStatus? = nil, progress: Int?, message: String, attempt: Int, members: String = "") {
        self.type = type
        self.status = status
        self.progress = progress
        self.message = message
        self.attempt = attempt
        self.members = members
    }

    /// The line from `"seq"` on. What comes before it, `{"t":…,`, is known only to the script that stores the event.
    public func rest(seq: Int) -> String {
        var writer = JSONWriter()
        writer.field("seq", seq)
        writer.field("type", type.rawValue)
        writer.field("status", ifPresent: status.flatMap { $0.rawValue == type.rawValue ? nil : $0.rawValue })
        writer.field("progress", ifPresent: progress)
        writer.field("message", message)
        writer.field("attempt", attempt)
        writer.splice(members)
        return writer.text + "}"
    }

    /// The whole line of an event that happened at `milliseconds` (Unix time).
    public func line(at milliseconds: UInt64, seq: Int) -> String { #"{"t":\#(milliseconds),\#(rest(seq: seq))"# }
}

extension CompactEvent {
    /// The member of an event that shows the last quotes again: `building` (50).
    public static let showsQuotes = #""showsQuotes":true"#

    /// The members of `routing` (30) for its quotes, best first, and the route. A route that is one of the quotes is named by its index.
    public static func members(quotes: [Quote], chosen: ChosenRoute) -> String {
        JSONWriter.members {
            $0.field("quotes", quotes)
            if !chosen.isSplit, let index = quotes.firstIndex(of: chosen.quote) { $0.field("chosen", index) } else { $0.splice(chosen.members) }
        }
    }

    /// The member of the last event of a failed attempt of an order of which a part has landed. Only `failed` shows it.
    public static func members(filled: PartialFill) -> String { JSONWriter.members { $0.field("filled", filled) } }
}
