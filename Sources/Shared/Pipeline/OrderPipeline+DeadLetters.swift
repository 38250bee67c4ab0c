public import Orders
internal import Redis

/// One page of dead letters.
public struct DeadLetterPage: Sendable {
    public let letters: [DeadLetter]
    /// Where to go on; nil if there are no more.
    public let next: DeadLetterID?
}

/// The outcome of putting a dead letter's entry back.
public enum RetryOutcome: Sendable, Equatable {
    /// The entry is on its stream again, under this id, and the letter is gone.
    case restored(stream: String, entry: String)
    /// There is no such letter, or no longer.
    case unknown
    /// Its order has ended: nothing is left to do.
    case final(OrderState)
    /// Redis does not have the order, and nothing was changed. The id is nil if the letter names none.
    case orderMissing(OrderID?)
    /// The letter has no fields or no stream that could be put back.
    case unusable
}

/// The outcome of dropping a dead letter.
public enum DropOutcome: Sendable, Equatable {
    case dropped
    /// There is no such letter, or no longer.
    case unknown
    /// A transaction of its order may be under way. Only putting the entry back can end the order.
    case inDoubt
}

extension OrderPipeline {
    /// The size of a page in bytes at which it ends early. An entry can be as large as Redis allows.
    private static let pageBytes = 1 << 20

    /// Dead letters of all partitions, oldest first.
    ///
    /// - Parameters:
    ///   - after: the last letter of the page before; nil for the first page.
    ///   - limit: at most so many letters, at least 1; a page of large letters has fewer.
    public func deadLetters(after: DeadLetterID? = nil, limit: Int) async throws(PipelineError) -> DeadLetterPage {
        var letters: [DeadLetter] = []
        // If a partition has more letters, the order of letters beyond its last one is not known yet.
        var horizon: DeadLetterID?
        let bytes = Self.pageBytes / partitions.count
        let parts = try await inEach(partitions) { keys throws(PipelineError) in
            let reply = try await self.run(
                Scripts.letters, keys: [keys.dead], [after?.start(in: keys.partition) ?? "-", String(limit), String(bytes)])
            return try self.read(reply, keys.partition)
        }
        for part in parts {
            letters += part.letters
            if part.hasMore, let last = part.letters.last?.id { horizon = min(horizon ?? last, last) }
        }
        letters.sort { $0.id < $1.id }
        let known = letters.prefix { letter in horizon.map { letter.id <= $0 } ?? true }.prefix(limit)
        return DeadLetterPage(letters: Array(known), next: known.count < letters.count || horizon != nil ? known.last?.id : nil)
    }

    private func read(_ reply: RedisValue, _ partition: Int) throws(PipelineError) -> (letters: [DeadLetter], hasMore: Bool) {
        guard let answer = reply.array, let more = answer.first?.integer else {
            throw PipelineError(.unexpectedReply, "the dead letters cannot be read")
        }
        let letters = answer.dropFirst().compactMap { row -> DeadLetter? in
            guard let pair = row.array, pair.count == 2, pair[1].array != nil,
                let id = pair[0].string.flatMap({ DeadLetterID(partition: partition, entry: $0) })
            else { return nil }
            return DeadLetter(id: id, entry: pair[1])
        }
        return (letters, more == 1)
    }

    /// Puts a dead letter's entry back on its stream with its original fields and removes the letter, in one script.
    ///
    /// - Parameter evenWithoutOrder: whether to put the entry back even if Redis does not have its order. The entry then becomes a dead letter again.
    public func retry(_ id: DeadLetterID, evenWithoutOrder: Bool = false) async throws(PipelineError) -> RetryOutcome {
        guard partitions.indices.contains(id.partition) else { return .unknown }
        let keys = partitions[id.partition]
        let reply = try await run(
            Scripts.unbury, keys: [keys.dead, keys.accepted, keys.routed, keys.events],
            [id.entry, keys.orderPrefix, evenWithoutOrder ? "1" : "0"])
        let answer = (reply.array ?? []).map { $0.string ?? "" }
        switch (answer.first, answer.count) {
        case ("ok", 3): return .restored(stream: answer[1], entry: answer[2])
        case ("unknown", _): return .unknown
        case ("final", 2): return .final(OrderState(rawValue: answer[1]) ?? .failed)
        case ("missing", 2): return .orderMissing(OrderID(parsing: answer[1]))
        case ("unusable", _): return .unusable
        default: throw PipelineError(.unexpectedReply, "unbury answered what this version does not know")
        }
    }

    /// Removes a dead letter for good. If Redis kept an order only because Postgres had refused its events, and this is the last letter of them, the
    /// order's time to live begins.
    public func drop(_ id: DeadLetterID) async throws(PipelineError) -> DropOutcome {
        guard partitions.indices.contains(id.partition) else { return .unknown }
        let keys = partitions[id.partition]
        let reply = try await run(Scripts.drop, keys: [keys.dead, keys.leaving], [id.entry, keys.orderPrefix, String(settings.orderStateTTL)])
        switch reply.array?.first?.string {
        case "ok": return .dropped
        case "unknown": return .unknown
        case "doubt": return .inDoubt
        default: throw PipelineError(.unexpectedReply, "drop answered what this version does not know")
        }
    }
}
