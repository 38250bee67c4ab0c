import EventLoop
import Orders
import Redis
import TestSupport

@testable import Pipeline

extension Schedule {
    /// Checks that the hash is what the model says, and that it is kept as long as it must be.
    func compare() async throws {
        try await compareCount()
        let reply = try await database.redis.send(["HMGET", database.keys.order(order.id), "s", "d", "p"]).array ?? []
        let found = reply.map { $0.string ?? "" }
        guard !model.isGone else { return try check("hash", found, ["", "", ""]) }
        let isAt = OrderPlace(found[0]).map {
            Place(state: $0.state, round: UInt8($0.round), attempt: UInt8($0.attempt), seq: $0.seq, entry: $0.entry)
        }
        guard isAt == place else { throw TestFailure("the order is at \(found[0]) instead of \(place)") }
        // The model's tokens are numbers. Without a start there is no token.
        let counted = found[1].split(separator: ":").prefix(3).joined(separator: ":")
        let starts = model.startsPost.isNone ? "" : "\(model.startsPost.stage):\(model.startsPost.round):\(model.starts)"
        guard counted == starts else { throw TestFailure("the counted starts are \(counted) instead of \(starts)") }
        guard found[2] == (isAnnounced ? "1" : "") else { throw TestFailure("the events are \(isAnnounced ? "not announced" : "announced again")") }
        let leaves = try await database.send("PTTL", database.keys.order(order.id)).integer ?? -2 > 0
        let mayLeave = model.isFinal && model.named == OrderModel.nothing && !isAnnounced
        guard leaves == mayLeave else { throw TestFailure("the hash \(leaves ? "leaves too early" : "stays for ever")") }
    }

    /// Checks that the open orders of the account are this one, or none.
    private func compareCount() async throws {
        guard let limits else { return }
        let open = try await database.send("ZRANGE", database.keys.open(limits.account), "0", "-1").array?.compactMap(\.string) ?? []
        guard open == (model.isCounted ? [order.id.description] : []) else { throw TestFailure("the open orders are \(open) in \(model.state)") }
    }

    /// The place that the hash must name.
    var place: Place { Place(state: model.state, round: model.round, attempt: model.attempt, seq: statuses.count, entry: entryName) }

    private var entryName: String {
        switch model.named {
        case OrderModel.nothing: ""
        case OrderModel.aRetry: "retries:\(model.post.isNone ? retryStage : model.post.stage.stream):0"
        default: "\(model.entries[Int(model.named)].post.stage.stream):\(ids[Int(model.named)])"
        }
    }

    /// For a final order: the stage of the retry that still has to be dismissed.
    private var retryStage: String {
        let index = (0..<model.retries.count).first { model.retries[$0].round == Int(model.round) }
        return index.map { model.retries[$0].stage.stream } ?? "nowhere"
    }

    /// Checks that events are numbered without a gap, follow legal moves and have one end, and that nothing is left behind.
    func judge() async throws {
        try judgeEvents()
        // An order in doubt is the only order that may stay without an entry.
        guard model.isFinal || model.state == .submitted else { throw TestFailure("the order stays \(model.state)") }
        for stage in Stage.allCases {
            let pending = try await database.send("XPENDING", database.keys.source(of: stage), stage.group).array?[0].integer
            try check("pending \(stage)", pending, 0)
        }
        try check("retries", try await database.send("ZCARD", database.keys.retries).integer, 0)
        try judgeStored()
        try await database.send("DEL", database.keys.dead, database.keys.events, database.keys.deadlines)
        if let limits { try await database.send("DEL", database.keys.open(limits.account)) }
        try await database.pipeline.createGroups(database.keys)
    }

    private func judgeEvents() throws {
        for (status, next) in zip(statuses, statuses.dropFirst()) where !StatusMachine.canMove(from: status, to: next) {
            throw TestFailure("\(status) is followed by \(next)")
        }
        let ends = statuses.count { $0.isFinal }
        guard ends == (model.isFinal ? 1 : 0) else { throw TestFailure("\(ends) final events in \(model.state)") }
    }

    /// Checks what Postgres has got: every event once, in order.
    private func judgeStored() throws {
        try check("seqs", stored.map(\.seq), Array(1...statuses.count))
        try check("statuses", stored.map(\.status), statuses)
    }
}
