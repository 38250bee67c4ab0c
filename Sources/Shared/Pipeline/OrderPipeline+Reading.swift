public import Orders
internal import Redis

extension OrderPipeline {
    /// Orders that one batch of commands reads: about half a megabyte of answers.
    private static let recordsAtOnce = 100

    /// Reads an order with all of its events; nil if Redis does not have it, or no longer.
    public func snapshot(_ id: OrderID) async throws(PipelineError) -> OrderFold? {
        try snapshot(id, try await send(["HGETALL", keys(of: id).order(id)]))
    }

    /// Reads an order from its hash; nil for an empty one.
    func snapshot(_ id: OrderID, _ hash: RedisValue) throws(PipelineError) -> OrderFold? {
        guard !hash.pairs.isEmpty else { return nil }
        do {
            return try OrderRecord(id, hash: hash).fold()
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
        var found: [OrderID: OrderRecord] = [:]
        let replies = try await send(all: ids.map { ["HGETALL", keys(of: $0).order($0)] })
        for (id, reply) in zip(ids, replies) { found[id] = try record(id, reply) }
        return ids.map { found[$0] }
    }

    private func record(_ id: OrderID, _ reply: Result<RedisValue, RedisError>) throws(PipelineError) -> OrderRecord? {
        switch reply {
        case .success(let hash): hash.pairs.isEmpty ? nil : OrderRecord(id, hash: hash)
        // The key holds something else than a hash. Redis says so of this key only, and will say it again.
        case .failure(let error) where error.code == .rejected("WRONGTYPE"): OrderRecord(id, hash: .array([]))
        case .failure(let error): throw PipelineError(error)
        }
    }

    /// The owner of each of these orders that Redis has; nil inside for an order that is nobody's, or that cannot be read.
    public func owners(of ids: [OrderID]) async throws(PipelineError) -> [OrderID: Owner?] {
        var owners: [OrderID: Owner?] = [:]
        for start in stride(from: 0, to: ids.count, by: Self.recordsAtOnce) {
            let page = ids[start..<min(start + Self.recordsAtOnce, ids.count)]
            for (id, reply) in zip(page, try await send(all: page.map { ["HGET", keys(of: $0).order($0), "o"] })) {
                guard case .success(let value) = reply, let details = value.string else { continue }
                owners[id] = .some((try? Order(json: details))?.owner)
            }
        }
        return owners
    }

    /// The newest seq of an order; nil if Redis does not have it.
    public func newestSeq(_ id: OrderID) async throws(PipelineError) -> Int? {
        try await send(["HGET", keys(of: id).order(id), "s"]).string.flatMap { OrderPlace($0)?.seq }
    }
}
