import EventLoop
import JSON
import TestSupport
import Testing

/// A client that watches one order to its end, over as many connections as that takes.
@ServiceActor
final class StreamClient {
    let id: String
    let dialect: StreamDialect
    /// The connections that were made, in order.
    private(set) var connections: [Conversation] = []
    private var seen = 0

    init(_ id: String, _ dialect: StreamDialect) {
        self.id = id
        self.dialect = dialect
    }

    /// Connects to one of the notifiers that `ports` names at that moment, again and again, until one of them closes with 1000.
    func watch(within limit: Duration, ports: @ServiceActor () -> [UInt16]) async throws {
        let start = MonotonicInstant.now
        while connections.last?.closeCode != 1000 {
            guard start.elapsed < limit else { throw TestFailure("\(id) was not told to its end: \(connections)") }
            guard let port = ports().randomElement(), let conversation = try? await converse(port, limit - start.elapsed) else {
                try await sleep(for: .milliseconds(100))
                continue
            }
            connections.append(conversation)
            seen += dialect == .native ? conversation.messages.count : 0
        }
    }

    private func converse(_ port: UInt16, _ limit: Duration) async throws -> Conversation {
        let socket = try await WebSocketClient(port: port, path: dialect.path(id, after: seen))
        defer { socket.connection.close() }
        if let opening = dialect.opening(id) { try await socket.send(text: opening) }
        return try await socket.conversation(within: limit)
    }

    /// Checks that the client was told what has happened: each event once, in order.
    func check(_ events: [String]) throws {
        let happened = try events.map { try JSONValue.parse($0) }
        if dialect == .native { #expect(connections.flatMap(\.withoutOrders.messages) == events.map { #"{"op":"event","event":\#($0)}"# }) }
        for (index, connection) in connections.enumerated() where dialect != .native {
            let told = connection.json.map(dialect.line)
            let expected = dialect.expected(of: happened, first: connection.json.first)
            let isWhole = index == connections.count - 1
            #expect(told == (isWhole ? expected : Array(expected.prefix(told.count))), "\(dialect) of \(id)")
        }
    }
}
