import JSON
import Orders
import Testing

@testable import NotifierService

/// The texts of an order's events as the scripts write them, one after the other.
struct Story {
    static let id = "0198c1f2-0000-7000-8000-000000000000"
    static let quote =
        #""quote":{"dex":"meteora","pool":"P","amountIn":"1500000000","amountOut":"218220000","amountOutDecimal":"218.22","#
        + #""price":"145.48","feeBps":20,"priceImpactPct":"0.0012","minReceived":"216037800","minReceivedDecimal":"216.0378"}"#
    static let route = #""chosenDex":"meteora","# + quote

    private(set) var texts: [String] = []
    var attempt = 1

    /// The next event; `extra` are its further members.
    mutating func add(_ type: String, _ status: String, _ progress: Int, _ message: String, _ extra: String = "") {
        let seq = texts.count + 1
        texts.append(
            #"{"orderId":"\#(Self.id)","seq":\#(seq),"type":"\#(type)","status":"\#(status)","progress":\#(progress),"#
                + #""timestamp":"2026-01-10T07:30:17.00\#(seq % 10)Z","message":"\#(message)","attempt":\#(attempt),"maxAttempts":3"#
                + (extra.isEmpty ? "" : ",\(extra)") + "}")
    }

    /// From the order's acceptance to its route.
    mutating func accepted() {
        add("pending", "pending", 0, "Order created and queued")
        routed()
    }

    mutating func routed() {
        add("routing", "routing", 10, "Fetching quotes from multiple DEXs...")
        add("routing", "routing", 30, "Received 2 quotes", Self.route + #","quotes":[]"#)
    }

    /// Built and submitted.
    mutating func submitted(_ hash: String) {
        add("building", "building", 50, "Building transaction on meteora...", Self.route + #","quotes":[]"#)
        add("building", "building", 70, "Transaction built, ready to submit", Self.route)
        add("submitted", "submitted", 75 + 5 * attempt, "Submitting transaction (attempt \(attempt)/3)...", hashed(hash))
    }

    mutating func confirmed(_ hash: String) {
        add(
            "confirmed", "confirmed", 100, "Order successfully executed",
            hashed(hash)
                + #","executedPrice":"145.333333333","amountOut":"218000000","amountOutDecimal":"218","realisedSlippageBps":10,"#
                + #""networkFeeLamports":5000"#
        )
    }

    func hashed(_ hash: String) -> String { Self.route + #","txHash":"\#(hash)""# }

    var events: [OrderEvent] { get throws { try texts.map { try OrderEvent(parsing: $0) } } }
}

/// What a dialect says to a whole story.
func conversation(_ dialect: some Dialect, _ story: Story) throws -> [String] {
    var dialect = dialect
    var messages: [String] = []
    for event in try story.events {
        messages += dialect.messages(for: event)
        if event.status.isFinal { messages += dialect.closing(after: event) }
    }
    return messages
}

/// Compares two objects of JSON text key by key, in any order.
func expectMembers(_ text: String, _ expected: String, at location: SourceLocation = #_sourceLocation) throws {
    let (found, wanted) = (try #require(JSONValue.parse(text).object), try #require(JSONValue.parse(expected).object))
    #expect(found.map(\.name).sorted() == wanted.map(\.name).sorted(), "\(text)", sourceLocation: location)
    for member in wanted {
        #expect(found.first { $0.name == member.name }?.value == member.value, "\(member.name) of \(text)", sourceLocation: location)
    }
}
