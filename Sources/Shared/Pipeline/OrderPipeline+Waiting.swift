internal import EventLoop
internal import Orders
internal import Redis

extension OrderPipeline {
    /// The partitions with an entry that has waited for too long: the group was not given it, or it was given to a process that does not renew it.
    ///
    /// Costs Redis some microseconds a partition, and one more command for each partition where anything waits.
    ///
    /// - Parameters:
    ///   - stream: the stream of a partition that `group` reads.
    ///   - patience: for how long an entry may wait.
    ///   - timeout: how long nobody must have renewed an entry before its wait begins.
    func waiting(
        _ partitions: [Keys], _ stream: (Keys) -> String, _ group: String, for patience: Duration, abandonedAfter timeout: Duration
    ) async throws(PipelineError) -> Set<Int> {
        let idle = String((timeout + patience).millisecondsRoundedUp)
        let replies = try await send(
            all: partitions.flatMap { keys in
                [["XINFO", "GROUPS", stream(keys)], ["XPENDING", stream(keys), group, "IDLE", idle, "-", "+", "1"]]
            })
        var found: Set<Int> = []
        var unread: [(keys: Keys, after: String)] = []
        for (index, keys) in partitions.enumerated() {
            if let after = try? replies[2 * index].get().endOfRead(by: group) { unread.append((keys, after)) }
            if (try? replies[2 * index + 1].get())?.array?.isEmpty == false { found.insert(keys.partition) }
        }
        return found.union(try await late(unread, stream, for: patience))
    }

    /// Whether nobody has renewed an entry of a group for `timeout`. Costs Redis much less than the script that claims.
    func hasAbandoned(_ stream: String, _ group: String, after timeout: Duration) async throws(PipelineError) -> Bool {
        let reply = try await send(["XPENDING", stream, group, "IDLE", String(timeout.millisecondsRoundedUp), "-", "+", "1"])
        return reply.array?.isEmpty == false
    }

    /// The partitions whose first entry behind a place is older than `patience`.
    private func late(
        _ unread: [(keys: Keys, after: String)], _ stream: (Keys) -> String, for patience: Duration
    ) async throws(PipelineError) -> Set<Int> {
        guard !unread.isEmpty else { return [] }
        let replies = try await send(all: unread.map { ["XRANGE", stream($0.keys), "(" + $0.after, "+", "COUNT", "1"] })
        let now = try await time()
        let limit = now - min(now, UInt64(patience.millisecondsRoundedUp))
        var found: Set<Int> = []
        for (place, reply) in zip(unread, replies) {
            guard let entry = (try? reply.get())?.array?.first?.array?.first?.string else { continue }
            if let added = StreamPosition.milliseconds(of: entry), added < limit { found.insert(place.keys.partition) }
        }
        return found
    }
}

extension RedisValue {
    /// What XINFO GROUPS has answered of a group, by the names of its fields; nil if there is no such group.
    func fields(ofGroup group: String) -> [String: RedisValue]? {
        for row in array ?? [] {
            let fields = Dictionary(row.pairs.map { ($0.name.string ?? "", $0.value) }) { first, _ in first }
            if fields["name"]?.string == group { return fields }
        }
        return nil
    }

    /// The last entry that a group was given; nil if nothing is left or there is no such group.
    fileprivate func endOfRead(by group: String) -> String? {
        guard let fields = fields(ofGroup: group), fields["lag"]?.integer != 0 else { return nil }
        return fields["last-delivered-id"]?.string
    }
}
