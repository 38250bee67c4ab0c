public import Orders
internal import Redis

/// An order in Redis: the request and all of its events, from seq 1 on.
public struct OrderSnapshot: Sendable {
    /// The order as it was placed.
    public let order: Order
    /// The canonical events as they were published, in order of seq.
    public let events: [String]
}

extension OrderPipeline {
    /// Reads an order; nil if Redis does not have it, or no longer.
    public func snapshot(_ id: OrderID) async throws(PipelineError) -> OrderSnapshot? {
        guard let keys = keys(of: id) else { return nil }
        let reply = try await send(["HGETALL", keys.order(id)])
        guard let values = reply.array, !values.isEmpty else { return nil }
        var text: String?
        var last = 0
        var found: [Int: String] = [:]
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            guard let name = values[index].string, let value = values[index + 1].string else { continue }
            if name == "order" {
                text = value
            } else if name == "seq" {
                last = Int(value) ?? 0
            } else if name.hasPrefix("e:"), let seq = Int(name.dropFirst(2)) {
                found[seq] = value
            }
        }
        // This check comes before the loop: a wrong seq could make the loop count very far.
        guard let text, let order = try? Order(json: text), 0...found.count ~= last else { throw Self.unreadable(id) }
        let events = (0..<last).compactMap { found[$0 + 1] }
        guard events.count == last else { throw Self.unreadable(id) }
        return OrderSnapshot(order: order, events: events)
    }

    private static func unreadable(_ id: OrderID) -> PipelineError { PipelineError(.unexpectedReply, "order \(id) cannot be read") }

    /// The newest seq of an order; nil if Redis does not have it.
    public func newestSeq(_ id: OrderID) async throws(PipelineError) -> Int? {
        guard let keys = keys(of: id) else { return nil }
        return try await send(["HGET", keys.order(id), "seq"]).integer.map { Int($0) }
    }
}
