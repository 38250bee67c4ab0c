public import Orders
internal import Redis

extension OrderPipeline {
    /// The orders among `ids` that Redis does not have, in the same sequence. Changes nothing.
    ///
    /// One EXISTS counts the orders of a partition, so the usual answer costs one command. If some are missing, each half is counted.
    public func missing(_ ids: [OrderID]) async throws(PipelineError) -> [OrderID] {
        var gone: Set<OrderID> = []
        for (partition, part) in Dictionary(grouping: ids, by: \.partition) {
            guard partitions.indices.contains(partition) else {
                gone.formUnion(part)
                continue
            }
            try await collectMissing(part[...], partitions[partition], into: &gone)
        }
        return ids.filter { gone.contains($0) }
    }

    private func collectMissing(_ ids: ArraySlice<OrderID>, _ keys: Keys, into gone: inout Set<OrderID>) async throws(PipelineError) {
        let reply = try await send(["EXISTS"] + ids.map { keys.order($0) })
        guard let found = reply.integer else { throw PipelineError(.unexpectedReply, "EXISTS answered no number") }
        if found == ids.count { return }
        guard found > 0 else { return gone.formUnion(ids) }
        let middle = ids.startIndex + ids.count / 2
        try await collectMissing(ids[..<middle], keys, into: &gone)
        try await collectMissing(ids[middle...], keys, into: &gone)
    }
}
