public import Orders
internal import Redis

/// An order in Redis: the request and all of its events, from seq 1 on.
public struct OrderSnapshot: Sendable {
    /// The order with its events.
    public let fold: OrderFold
    /// The field `s` of its hash, the whole text.
    public let state: String

    /// The order as it was placed.
    public var order: Order { fold.order }
    /// The canonical events, in order of seq.
    public var events: [OrderEvent] { fold.events }
}

extension OrderPipeline {
    /// Orders that one batch of commands reads: about half a megabyte of answers.
    private static let recordsAtOnce = 100

    /// Reads an order; nil if Redis does not have it, or no longer.
    public func snapshot(_ id: OrderID) async throws(PipelineError) -> OrderSnapshot? {
        guard let keys = keys(of: id) else { return nil }
        let reply = try await send(["HGETALL", keys.order(id)])
        guard let values = reply.array, !values.isEmpty else { return nil }
        let record = OrderRecord(id, hash: values)
        do {
            return OrderSnapshot(fold: try record.fold(), state: record.state)
        } catch {
            throw PipelineError(.unexpectedReply, "order \(id) cannot be read: \(error)")
        }
    }

    /// Reads orders, in the sequence of `ids`; nil for each that Redis does not have, or no longer. They are not checked: a record that cannot be
    /// read does not keep the others from being read.
    public func records(_ ids: [OrderID]) async throws(PipelineError) -> [OrderRecord?] {
        var records: [OrderRecord?] = []
        records.reserveCapacity(ids.count)
        for start in stride(from: 0, to: ids.count, by: Self.recordsAtOnce) {
            records += try await page(ids[start..<min(start + Self.recordsAtOnce, ids.count)])
        }
        return records
    }

    private func page(_ ids: ArraySlice<OrderID>) async throws(PipelineError) -> [OrderRecord?] {
        let known = ids.compactMap { id in keys(of: id).map { (id, ["HGETALL", $0.order(id)]) } }
        var found: [OrderID: OrderRecord] = [:]
        for (id, reply) in zip(known.map(\.0), try await send(all: known.map(\.1))) { found[id] = try record(id, reply) }
        return ids.map { found[$0] }
    }

    private func record(_ id: OrderID, _ reply: Result<RedisValue, RedisError>) throws(PipelineError) -> OrderRecord? {
        switch reply {
        case .success(let value): (value.array ?? []).isEmpty ? nil : OrderRecord(id, hash: value.array ?? [])
        // The key holds something else than a hash. Redis says so of this key only, and will say it again.
        case .failure(let error) where error.code == .rejected("WRONGTYPE"): OrderRecord(id, hash: [])
        case .failure(let error): throw PipelineError(error)
        }
    }

    /// The newest seq of an order; nil if Redis does not have it.
    public func newestSeq(_ id: OrderID) async throws(PipelineError) -> Int? {
        guard let keys = keys(of: id) else { return nil }
        return try await send(["HGET", keys.order(id), "s"]).string.flatMap { OrderPlace($0)?.seq }
    }
}
