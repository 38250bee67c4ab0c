internal import JSON
public import Orders
internal import Redis

/// The outcome of a request to amend an order.
public enum AmendOutcome: Sendable, Equatable {
    case amended(seq: Int)
    /// It is no longer as the caller has seen it.
    case changed(seq: Int)
    /// It no longer waits.
    case gone(OrderState)
    /// Redis does not have the order.
    case unknown
}

/// The outcome of looking what a mark has reached.
public enum FireOutcome: Sendable, Equatable {
    /// The mark was too old by the time of Redis.
    case stale(ageMs: UInt64)
    /// So many were looked at, and so many of them have fired. So many are still there: those that cannot be read now, and in a run for many those
    /// that have to be looked at one by one.
    case looked(Int, fired: Int, kept: Int)
}

extension OrderPipeline {
    /// Orders of one run: a few milliseconds of Redis at most. A run for one order after the other costs more of each.
    package static let firedAtOnce = 50
    package static let firedOneByOne = 20

    /// The sets of partitions in which orders wait; none for one that cannot be read.
    package func waitSets(in partitions: [Keys]) async throws(PipelineError) -> [[WaitSet]] {
        guard !partitions.isEmpty else { return [] }
        return try await send(all: partitions.map { ["SMEMBERS", $0.waits] }).map { reply in
            (try? reply.get().array)?.compactMap { $0.string.flatMap(WaitSet.init(name:)) } ?? []
        }
    }

    /// How many orders wait in each of the sets of a partition; 1 for one that cannot be read.
    package func waiting(in sets: [WaitSet], _ keys: Keys) async throws(PipelineError) -> [Int] {
        guard !sets.isEmpty else { return [] }
        return try await send(all: sets.map { ["ZCARD", keys.waits($0)] }).map { (try? $0.get().count) ?? 1 }
    }

    /// Forgets a set, if it is still empty: nobody looks at it then.
    package func forget(_ set: WaitSet, in keys: Keys) async throws(PipelineError) {
        // No key of a price is below this one, so nothing is due.
        _ = try await fire(set, upTo: "!", Mark(.least, at: try await time()), "", maxAge: .max >> 12, in: keys)
    }

    /// The first members of sets that are due up to a key each, at most so many. Costs a few microseconds however many orders wait. A set that cannot
    /// be read does not keep the others from being read.
    ///
    /// - Parameter skip: how many of those that are due are left out.
    package func due(
        _ sets: [(set: WaitSet, last: String)], skip: Int = 0, upTo max: Int, in keys: Keys
    ) async throws(PipelineError) -> [Result<[WaitMember], PipelineError>] {
        guard !sets.isEmpty else { return [] }
        let replies = try await send(
            all: sets.map { ["ZRANGEBYLEX", keys.waits($0.set), "-", "(" + $0.last + ";", "LIMIT", String(skip), String(max)] })
        return replies.map { reply in
            reply.map { $0.array?.compactMap { $0.string.flatMap(WaitMember.init) } ?? [] }.mapError { PipelineError($0) }
        }
    }

    /// Fires the orders of a set whose price a mark has reached, at most a page of them.
    ///
    /// - Parameters:
    ///   - oneByOne: whether the script is asked that looks at each order with its pair. The other one leaves such orders.
    ///   - last: the last price that is due. It is not the mark's where two marks in a row must be there.
    ///   - maxAge: how old the mark may be when the script runs.
    ///   - skip: how many of those that are due are left out, because they were looked at and kept.
    package func fire(
        _ set: WaitSet, upTo last: String, _ mark: Mark, _ message: String, maxAge: UInt64, skip: Int = 0, oneByOne: Bool = true, in keys: Keys
    ) async throws(PipelineError) -> FireOutcome {
        let members = JSONWriter.members {
            $0.field("markPrice", mark.price)
            $0.field("markAt", mark.at)
        }
        let reply =
            try await run(
                oneByOne ? Scripts.fire : Scripts.fireMany,
                keys: [keys.waits(set)] + (oneByOne ? [keys.waits] : []) + [keys.accepted, keys.events, keys.deadlines],
                [
                    keys.head, set.name, last, String(mark.at), String(maxAge), String(oneByOne ? Self.firedOneByOne : Self.firedAtOnce),
                    String(skip),
                    NewOrder.escaped(message), members,
                ]
            ).array ?? []
        switch reply.first?.string {
        case "stale": return .stale(ageMs: reply.count > 1 ? reply[1].milliseconds ?? 0 : 0)
        case "ok" where reply.count == 4: return .looked(reply[1].count, fired: reply[2].count, kept: reply[3].count)
        default: throw PipelineError(.unexpectedReply, "fire answered what this version does not know")
        }
    }

    /// Amends an order that waits, if it is still as it was seen. With a barrier the replicas have the amendment.
    ///
    /// - Parameters:
    ///   - order: the order as it shall be.
    ///   - waiting: how it shall wait; nil to keep its place.
    ///   - seq: that of its newest event, as it was seen.
    ///   - spot: its field `w`, as it was seen.
    public func amend(_ order: Order, to waiting: Waiting?, seen seq: Int, _ spot: String, _ message: String) async throws(PipelineError)
        -> AmendOutcome
    {
        let place = NewOrder(order, waiting: waiting).place
        if waiting != nil, place == nil { throw PipelineError(.unexpectedReply, "a market order has no terms") }
        let shown = waiting ?? WaitPlace.trigger(spot: spot).map { .price($0) }
        let keys = keys(of: order.id)
        let reply =
            try await run(
                Scripts.amend, keys: [keys.order(order.id), keys.events, keys.deadlines],
                [
                    order.id.description, String(seq), spot, order.json, place?.spot ?? "", place?.renewal ?? "", place?.trail ?? "",
                    order.terms?.expiresAt.map { String($0) } ?? "", NewOrder.escaped(message), shown.map(NewOrder.members) ?? "",
                ]
            ).array ?? []
        switch (reply.first?.string, reply.count > 1 ? reply[1] : nil) {
        case ("ok", let seq?):
            try await awaitReplicas(ofAmended: order.id, seq: seq.count, in: keys)
            return .amended(seq: seq.count)
        case ("changed", let seq?): return .changed(seq: seq.count)
        case ("gone", let state?): return .gone(state.string.flatMap { OrderState(rawValue: $0) } ?? .failed)
        case ("unknown", _): return .unknown
        default: throw PipelineError(.unexpectedReply, "amend answered what this version does not know")
        }
    }

    /// The fields `w` of orders that wait; empty for one that does not, or that Redis does not have.
    public func spots(of ids: [OrderID]) async throws(PipelineError) -> [String] {
        guard !ids.isEmpty else { return [] }
        return try await send(all: ids.map { ["HGET", keys(of: $0).order($0), "w"] }).map { (try? $0.get().string) ?? "" }
    }
}
