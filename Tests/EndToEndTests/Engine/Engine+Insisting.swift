import EventLoop
import JSON
import TestSupport
import Testing

extension Engine {
    /// A client that sends its order again under its key until it is accepted. Any other answer has to be a 503 with Retry-After.
    func insist(key: String, _ body: String = usualOrder, within limit: Duration = .seconds(40)) async throws -> String {
        try await eventually(within: limit) {
            let answer = try? await self.post(body, key: key)
            if let answer, answer.status != 202 { #expect(answer.status == 503 && answer.header("Retry-After") != nil, "\(answer.text)") }
            return answer?.status == 202 ? answer?.json["orderId"]?.string : nil
        }
    }

    /// Places orders one after the other until it is stopped.
    func load(every pause: Duration) -> Load { Load(self, pause) }

    /// All lines that a process has logged.
    func lines(_ service: StackService, _ number: Int = 1) -> [Substring] { stack.log(service, number).split(separator: "\n") }
}

/// Clients that come at a steady pace, each with a key of its own.
@ServiceActor
final class Load {
    private var clients: [Task<String, any Error>] = []
    private var source: Task<Void, Never>?

    init(_ engine: Engine, _ pause: Duration) {
        source = Loop.spawn {
            while !Task.isCancelled {
                let key = "load-\(self.clients.count)"
                self.clients.append(Loop.spawn { try await engine.insist(key: key) })
                try? await sleep(for: pause)
            }
        }
    }

    /// The number of clients that have come.
    var count: Int { clients.count }

    /// Lets no more clients come. Returns the orders of all clients, once each order was accepted.
    func stop() async throws -> [String] {
        source?.cancel()
        await source?.value
        var ids: [String] = []
        for client in clients { ids.append(try await client.value) }
        return ids
    }
}
