internal import EventLoop
internal import Orders
internal import Redis

extension OrderPipeline {
    /// Creates the missing groups of a partition's streams; they begin with the first entry. Returns whether one was missing.
    @discardableResult
    public func createGroups(_ keys: Keys) async throws(PipelineError) -> Bool {
        var created = false
        for (stream, group) in keys.groups { if try await run(Scripts.group, keys: [stream], [group]).integer == 1 { created = true } }
        return created
    }

    /// Members that one run looks at.
    private static let page = 100
    /// Runs in a row. A script that never finds an end must leave the loop to others.
    private static let maxRuns = 200

    /// Hands all due retries back to their streams. Returns how many. A retry whose order has gone on is only removed.
    @discardableResult
    public func promote(_ keys: Keys) async throws(PipelineError) -> Int {
        try await pages(
            Scripts.promote, [keys.retries, keys.accepted, keys.routed, keys.leaving],
            [keys.orderPrefix, String(Self.page), String(settings.orderStateTTL)]
        ).done
    }

    /// Those of the partitions that have retries whose time has come. One round trip for all, and far cheaper than the script.
    func haveDueRetries(_ partitions: [Keys], at now: UInt64) async throws(PipelineError) -> [Keys] {
        guard !partitions.isEmpty else { return [] }
        let replies = try await send(all: partitions.map { ["ZCOUNT", $0.retries, "-inf", String(now)] })
        // Where the answer is an error, the script is to fail with its words.
        return zip(partitions, replies).filter { (try? $1.get().integer) != 0 }.map(\.0)
    }

    /// Fails all orders that are past their deadline and have no transaction under way, and ends those that have waited to their end. Returns how
    /// many.
    @discardableResult
    public func sweep(_ keys: Keys) async throws(PipelineError) -> Int {
        let (failed, expired) = try await pages(Scripts.sweep, [keys.deadlines, keys.events], [keys.orderPrefix, String(Self.page)])
        for _ in 0..<failed { reportEnd(nil, .failed, code: FailureCode.deadlineExceeded.rawValue) }
        for _ in 0..<expired { reportEnd(nil, .expired) }
        return failed + expired
    }

    /// Brings back retries and ends of times to live that a clock which ran ahead has put too far away. Returns how many.
    @discardableResult
    public func hasten(_ keys: Keys) async throws(PipelineError) -> Int {
        var (kept, done) = (0, 0)
        for _ in 0..<Self.maxRuns {
            let arguments = [keys.orderPrefix, String(settings.orderStateTTL), String(Self.page), String(kept)]
            let answer = try await run(Scripts.hasten, keys: [keys.retries, keys.leaving], arguments).array ?? []
            let counts = answer.map { min(Self.page, max(0, $0.count)) }
            guard counts.count == 3 else { break }
            kept += counts[1]
            done += max(0, counts[0] - counts[1]) + counts[2]
            guard counts[0] == Self.page || counts[2] == Self.page else { break }
        }
        return done
    }

    /// Runs a script that answers {looked at, done, done in another way} until a page is not full. Returns how many were done in all.
    private func pages(_ script: RedisScript, _ keys: [String], _ arguments: [String]) async throws(PipelineError) -> (done: Int, other: Int) {
        var (done, other) = (0, 0)
        for _ in 0..<Self.maxRuns {
            let counts = (try await run(script, keys: keys, arguments).array ?? []).map(\.count)
            guard counts.count >= 2 else { break }
            done += min(Self.page, counts[1])
            other += counts.count > 2 ? min(Self.page, counts[2]) : 0
            guard counts[0] == Self.page else { break }
        }
        return (done, other)
    }

    /// Cuts off the entries that the streams' groups have finished. Entries stay at least a minute.
    public func trim(_ keys: Keys) async throws(PipelineError) {
        for (stream, group) in keys.groups {
            for _ in 0..<Self.maxRuns {
                guard let cut = try await run(Scripts.trim, keys: [stream], ["60000", "5000", group]).integer, cut > 0 else { break }
            }
        }
    }

    /// Removes consumers that are gone and hold nothing, and takes orders whose time to live is over off their users' lists.
    public func reap(_ keys: Keys, alive: [String], minIdle: Duration = .seconds(10)) async throws(PipelineError) {
        for (stream, group) in keys.groups {
            _ = try await run(Scripts.reap, keys: [stream], [group, String(minIdle.millisecondsRoundedUp)] + alive)
        }
        // Takes all that are due, up to a limit: users' lists must not grow faster than a busy engine ends orders in ten seconds.
        for _ in 0..<200 { guard try await run(Scripts.leaving, keys: [keys.leaving], [keys.userPrefix, "500"]).integer == 500 else { return } }
    }

    /// Acknowledges entries of the events stream after COMMIT. All `entries` are of one partition.
    ///
    /// `state` is the text of the order's place as it was stored. It is empty if there was no order to store. The entry then is only acknowledged.
    public func stored(_ entries: [(entry: String, orderID: String, state: String)], _ keys: Keys) async throws(PipelineError) {
        for start in stride(from: 0, to: entries.count, by: Self.page) {
            let part = entries[start..<min(start + Self.page, entries.count)]
            _ = try await run(
                Scripts.stored, keys: [keys.events, keys.leaving],
                [persistGroup, keys.orderPrefix, String(settings.orderStateTTL)] + part.flatMap { [$0.entry, $0.orderID, $0.state] })
        }
    }

    /// Makes all processes use one value, the first one proposed. Returns that value.
    public func agree(on name: String, _ proposal: String) async throws(PipelineError) -> String {
        let reply = try await run(Scripts.agree, keys: [Keys.agreement(name)], [proposal])
        guard let value = reply.string else { throw PipelineError(.unexpectedReply, "no value for \(name)") }
        return value
    }
}
