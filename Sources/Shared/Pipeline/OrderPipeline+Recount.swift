internal import EventLoop
internal import Orders
internal import Redis

/// Counts the waiting entries anew, in short scripts with pauses between them, by one process at a time.
extension OrderPipeline {
    /// Entries that one script counts: about a millisecond of Redis.
    private static let countedPage = 250
    /// The wait between two scripts, so that Redis is mostly free for others.
    private static let countingPause = Duration.milliseconds(4)
    /// Limits one count to five million entries.
    private static let maxPages = 20_000
    /// A group that is given entries faster than they are counted is left for the next turn.
    private static let maxRestarts = 5

    /// Repairs the lag that Redis reports for the groups. After a restart of Redis it counts all groups once, because the append-only file does not
    /// hold the lag. Otherwise it counts only groups whose lag Redis has lost.
    ///
    /// - Parameter name: this process' name, under which it holds the turn.
    /// - Returns: how many groups were counted; nil if another process has the turn.
    @discardableResult
    public func recount(as name: String) async throws(PipelineError) -> Int? {
        // Two processes may count at once after one of them was frozen. That does no harm.
        let turn = Turn(pipeline: self, keys: Keys.recount, name: name)
        guard let mark = try await turn.take() else { return nil }
        let run = await runOfRedis()
        // If Redis does not tell the id of its run, only lost lags are repaired.
        let wasRestarted = !run.isEmpty && run != mark
        var counted = 0
        var isComplete = true
        let all = partitions.flatMap(\.groups)
        for (stream, group) in wasRestarted ? all : try await withoutCount(all) {
            if !wasRestarted { guard try await hasLostCount(stream, group) else { continue } }
            isComplete = try await recount(stream, group, in: turn) && isComplete
            counted += 1
        }
        // A count that did not come to its end is due again at the next turn.
        try await turn.finish(run.isEmpty || !isComplete ? mark : run)
        return counted
    }

    /// Returns whether the count came to its end.
    private func recount(_ stream: String, _ group: String, in turn: Turn) async throws(PipelineError) -> Bool {
        var restarts = 0
        var position = ["+", "0", ""]
        for _ in 0..<Self.maxPages where restarts < Self.maxRestarts {
            let reply = try await run(Scripts.recount, keys: [stream], [group, String(Self.countedPage)] + position)
            let answer = (reply.array ?? []).map { $0.string ?? "" }
            switch (answer.first, answer.count) {
            case ("more", 4): position = Array(answer.dropFirst())
            case ("again", _): (restarts, position) = (restarts + 1, ["+", "0", ""])
            case ("done", _), ("gone", _): return true
            default: throw PipelineError(.unexpectedReply, "recount answered what this version does not know")
            }
            guard try await turn.take() != nil, !Task.isCancelled else { return false }
            try? await sleep(for: Self.countingPause)
        }
        return false
    }

    /// Those of the groups of which Redis does not know the lag at the moment, in one round trip.
    private func withoutCount(_ all: [(stream: String, group: String)]) async throws(PipelineError) -> [(stream: String, group: String)] {
        let replies = try await send(all: all.map { ["XINFO", "GROUPS", $0.stream] })
        return zip(all, replies).filter { place, reply in (try? reply.get())?.fields(ofGroup: place.group)?["lag"]?.integer == nil }.map(\.0)
    }

    private func hasLostCount(_ stream: String, _ group: String) async throws(PipelineError) -> Bool {
        try await run(Scripts.lost, keys: [stream], [group]).integer == 1
    }

    /// The random ids of Redis' run and of its history, in a cluster those of all masters; empty if a server does not tell them. A server that was a
    /// replica meanwhile has another history: it has its data from others, without the lag.
    private func runOfRedis() async -> String {
        var runs: [String] = []
        for master in redis.masters {
            var ids: [String] = []
            for (section, name) in [("server", "run_id"), ("replication", "master_replid")] {
                let info = RedisInfo((try? await send(["INFO", section], to: master))?.string ?? "")
                guard let id = info[Substring(name)] else { return "" }
                ids.append(id)
            }
            runs.append(ids.joined(separator: "/"))
        }
        return runs.joined(separator: " ")
    }
}
