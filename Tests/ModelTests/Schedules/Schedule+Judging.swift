import EventLoop
import Orders
import Redis
import TestSupport

@testable import Pipeline

extension Schedule {
    /// Checks that the hash is what the model says, and that it is kept as long as it must be.
    func compare() async throws {
        let names = ["state", "round", "attempt", "seq", "entry", "starts"]
        let reply = try await database.redis.send(["HMGET", database.keys.order(order.id)] + names).array ?? []
        var found = reply.map { $0.string ?? "" }
        guard !model.isGone else { return try check("hash", found, names.map { _ in "" }) }
        // The model's tokens are numbers. Without a start there is no token.
        found[5] = found[5].split(separator: ":").prefix(3).joined(separator: ":")
        let starts = model.startsPost.isNone ? "" : "\(model.startsPost.stage):\(model.startsPost.round):\(model.starts)"
        let expected = [model.state.rawValue, "\(model.round)", "\(model.attempt)", "\(statuses.count)", entryName, starts]
        guard found == expected else { throw TestFailure("the hash has \(found) instead of \(expected)") }
        guard areEventsStored else { return }
        let leaves = try await database.send("PTTL", database.keys.order(order.id)).integer ?? -2 > 0
        let mayLeave = model.isFinal && model.named == OrderModel.nothing
        guard leaves == mayLeave else { throw TestFailure("the hash \(leaves ? "leaves too early" : "stays for ever")") }
    }

    /// The value that `entry` must have.
    private var entryName: String {
        switch model.named {
        case OrderModel.nothing: ""
        case OrderModel.aRetry: "retries \(model.post.isNone ? retryStage : model.post.stage.stream):\(order.id):\(model.round)"
        default: "\(model.entries[Int(model.named)].post.stage.stream) \(ids[Int(model.named)])"
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
        try await judgeStream()
        try await database.send("DEL", database.keys.dead, database.keys.events, database.keys.deadlines)
        try await database.pipeline.createGroups(database.keys)
    }

    private func judgeEvents() throws {
        for (status, next) in zip(statuses, statuses.dropFirst()) where !StatusMachine.canMove(from: status, to: next) {
            throw TestFailure("\(status) is followed by \(next)")
        }
        let ends = statuses.count { $0.isFinal }
        guard ends == (model.isFinal ? 1 : 0) else { throw TestFailure("\(ends) final events in \(model.state)") }
    }

    /// Checks what Postgres and the sockets get: every event once, in order.
    private func judgeStream() async throws {
        let rows = try await database.send("XRANGE", database.keys.events, "-", "+").array ?? []
        let events = try rows.map { row in
            let fields = (row.array?[1].array ?? []).map { $0.string ?? "" }
            return try OrderEvent(parsing: fields[5])
        }
        try check("seqs", events.map(\.seq), Array(1...statuses.count))
        try check("statuses", events.map(\.status), statuses)
    }
}
