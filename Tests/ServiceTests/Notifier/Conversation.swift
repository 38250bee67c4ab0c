import Dialects
import JSON
import Orders
import Testing

/// A client of a dialect: what its order goes through, when the client comes, and all that it is told.
struct Situation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let story: Story
    /// How many events the order has when the client comes. 0 if the order is not known yet.
    let seen: Int
    let expected: [String]

    init(_ name: String, _ story: Story, seen: Int = 0, _ expected: [String]) {
        testDescription = name
        self.story = story
        self.seen = seen
        self.expected = expected
    }
}

/// The messages of a dialect in a situation.
func told(by dialect: some Dialect, _ situation: Situation) throws -> [String] { try told(by: dialect, situation.story, seen: situation.seen) }

/// The messages of a dialect to a client that comes when the order has `seen` events, and stays to the end.
func told(by dialect: some Dialect, _ story: Story, seen: Int = 0) throws -> [String] {
    var dialect = dialect
    let events = try story.events
    let id = try #require(events.first).orderId
    var messages = dialect.greeting(id, at: Story.time(0))
    // A client that is ahead of the order is told of the first event when it happens.
    messages += dialect.replay(Array(events.prefix(max(1, seen))))
    for event in events.dropFirst(max(1, seen)) { messages += dialect.messages(for: event) }
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
