internal import EventLoop
internal import Orders
internal import Redis

extension OrderPipeline {
    /// What is left to do, as the end of a sentence; nil if nothing is. Looks at the streams themselves, because Redis' own counts are wrong after a
    /// restart.
    func unfinished() async throws(PipelineError) -> String? {
        let open = try await inEach(partitions) { keys throws(PipelineError) -> String? in
            for (stream, group) in keys.groups where try await self.isOpen(stream, group) { return stream }
            return nil
        }
        if let stream = open.compactMap(\.self).first { return "not all entries of \(stream) are finished" }
        let left = try await inEach(partitions) { keys throws(PipelineError) in
            (
                retries: try await self.send(["ZCARD", keys.retries]).count, letters: try await self.send(["XLEN", keys.dead]).count,
                sets: try await self.send(["SCARD", keys.waits]).count
            )
        }
        let (retries, letters) = left.reduce((0, 0)) { ($0.0 + $1.retries, $0.1 + $1.letters) }
        if retries > 0 { return "\(retries) retries wait" }
        if left.contains(where: { $0.sets > 0 }) { return "orders wait for a price" }
        return letters > 0 ? "\(letters) dead letters are not settled" : nil
    }

    /// Whether a stream has entries that its group was not given or has not acknowledged. Without the group every entry is open.
    private func isOpen(_ stream: String, _ group: String) async throws(PipelineError) -> Bool {
        guard try await send(["EXISTS", stream]).integer == 1 else { return false }
        var row: [String: RedisValue] = [:]
        for candidate in try await send(["XINFO", "GROUPS", stream]).array ?? [] {
            let fields = Dictionary(candidate.pairs.map { ($0.string ?? "", $1) }) { _, last in last }
            if fields["name"]?.string == group { row = fields }
        }
        if row["pending"]?.integer ?? 0 > 0 { return true }
        let given = row["last-delivered-id"]?.string ?? "0-0"
        return try await send(["XRANGE", stream, "(" + given, "+", "COUNT", "1"]).array?.isEmpty == false
    }

    /// An order under way among the keys of a pattern, as the end of a sentence; nil if there is none. `state` reads the order of a key.
    func openOrder(_ pattern: String, _ state: @ServiceActor (String) async throws -> OrderState?) async throws -> String? {
        var open: String?
        _ = try await scan(pattern) { key in
            if let state = try await state(key), !state.isFinal { open = String(key.suffix(36)) }
            return open == nil
        }
        return open.map { "order \($0) is under way" }
    }
}
