import EventLoop
import JSON
import TestSupport

/// A client of the native dialect: what it has seen of each order, and what else it was told.
@ServiceActor
final class NativeClient {
    let socket: WebSocketClient
    /// The seqs of each order, in the order in which they came.
    private(set) var seqs: [String: [Int64]] = [:]
    /// The texts of the events, in the order in which they came.
    private(set) var events: [String: [String]] = [:]
    /// Orders whose final event was seen.
    private(set) var ended: Set<String> = []
    /// Orders for which the server has said that nothing more comes.
    private(set) var done: Set<String> = []
    /// All other frames.
    private(set) var others: [JSONValue] = []
    /// The time of the last event.
    private(set) var timestamp = ""

    init(_ socket: WebSocketClient) { self.socket = socket }

    func subscribe(_ id: String, after: Int64 = 0) async throws { try await send(#"{"op":"subscribe","orderId":"\#(id)","after":\#(after)}"#) }

    func subscribe(user: String, since: String? = nil) async throws {
        try await send(#"{"op":"subscribe","userId":"\#(user)"\#(since.map { #","since":"\#($0)""# } ?? "")}"#)
    }

    func send(_ text: String) async throws { try await socket.send(text: text) }

    /// Reads the next frame. Throws if the server sends something else.
    func read(within limit: Duration = .seconds(20)) async throws {
        let text = try await socket.text(within: limit)
        let frame = try JSONValue.parse(text)
        switch frame["op"]?.string {
        case "event":
            guard let event = frame["event"], let id = event["orderId"]?.string, let seq = event["seq"]?.integer else { throw TestFailure(text) }
            seqs[id, default: []].append(seq)
            // Only the first frame of an order is searched for its `order`: a flood of events has to be read as fast as it comes.
            let told = frame["order"] == nil ? text : Conversation.withoutOrder(text)
            events[id, default: []].append(String(told.dropFirst(#"{"op":"event","event":"#.count).dropLast()))
            timestamp = event["timestamp"]?.string ?? ""
            if ["confirmed", "failed", "cancelled"].contains(event["type"]?.string ?? "") { ended.insert(id) }
        case "done": done.insert(frame["orderId"]?.string ?? "")
        default: others.append(frame)
        }
    }

    /// Reads until the condition holds.
    func read(within limit: Duration = .seconds(60), until condition: (NativeClient) -> Bool) async throws {
        let start = MonotonicInstant.now
        while !condition(self) { try await read(within: max(.milliseconds(1), limit - start.elapsed)) }
    }

    /// Reads everything that is on its way.
    func drain() async throws {
        let id = String(UInt64.random(in: .min ... .max))
        try await send(#"{"op":"ping","id":"\#(id)"}"#)
        try await read { $0.others.last?["id"]?.string == id }
    }

    /// The frames of this kind that the server has sent, besides events.
    func all(_ op: String) -> [JSONValue] { others.filter { $0["op"]?.string == op } }
}

extension Engine {
    func native(notifier: Int = 1) async throws -> NativeClient { NativeClient(try await socket("/v1/stream", notifier: notifier)) }

    /// The body of an order of a user.
    static func order(of user: String) -> String { #"{"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5","userId":"\#(user)"}"# }
}
