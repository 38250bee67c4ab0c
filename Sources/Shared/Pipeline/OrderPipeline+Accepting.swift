internal import EventLoop
public import Orders
internal import Redis

/// The outcome of accepting a new order.
public enum AcceptOutcome: Sendable, Equatable {
    /// The order was accepted; `job` is the id of its entry on `accepted`.
    case accepted(OrderID, job: String)
    /// The same order was accepted before with the same key: its id and job.
    case replay(OrderID, job: String)
    /// The key was used for another order.
    case conflict(OrderID)
    /// Another order has this id: take a new one.
    case collision
    /// The engine has grown, and this process does not know of it yet; nothing was written. Ask `refreshPartitions`, and take a new id.
    case moved
    /// The time limit was over; nothing was written.
    case late
    /// The engine is paused, and nothing was written. The reason may be empty.
    case paused(reason: String)
    /// The order would exceed a limit of its account; nothing was written.
    case limited(ExceededLimit)
}

/// The limit of an account that one more order would exceed.
public enum ExceededLimit: Sendable, Equatable {
    /// So many orders are open.
    case openOrders(Int)
    /// So many orders were accepted within a minute; the first of them leaves it in `wait` ms.
    case ordersPerMinute(Int, wait: UInt64)
}

extension OrderPipeline {
    /// Whether the orders of an account can be counted: one script looks into all partitions, which have to be on one server.
    public var countsOrders: Bool { !redis.isCluster || partitions.count == 1 }

    /// Accepts an order or a pair once, or writes nothing. May be called again with the same orders after a lost reply. With a barrier the replicas
    /// have what it answers.
    ///
    /// - Parameters:
    ///   - new: one order, or two of which at most one fills. Both are of one partition.
    ///   - claim: the key and the digest of the request; nil without a key.
    ///   - limits: how many orders its account may have; nil for any number.
    ///   - idempotencyTTL: how long the record of the key stays, in ms.
    ///   - limit: the latest time of Redis, in ms, at which the order may be accepted.
    ///   - timeout: how long to wait for the answer.
    public func accept(
        _ new: [NewOrder], claim: RequestClaim? = nil, limits: AccountLimits? = nil, idempotencyTTL: UInt64, before limit: UInt64, timeout: Duration
    ) async throws(PipelineError) -> AcceptOutcome {
        let order = new[0].order
        guard partitions.indices.contains(order.id.partition) else { throw PipelineError(.unexpectedReply, "an order id of no partition") }
        let keys = partitions[order.id.partition]
        let start = MonotonicInstant.now
        // One agreement for the whole call. If the engine grows meanwhile, the script refuses.
        let agreement = agreement
        try await barrier?.open(keys)
        if let known = try await formerOutcome(of: order, agreement, within: timeout) { return known }
        let outcome = try await write(
            new, keys, claim, limits, placing: agreement.placing, idempotencyTTL: idempotencyTTL, before: limit, within: timeout - start.elapsed)
        switch outcome {
        case .accepted(let id, _), .replay(let id, _):
            let record = order.clientOrderId.map { keys.idempotency(order.idempotencyScope, key: $0) }
            try await awaitReplicas(ofOrder: id, record: record, in: keys, within: max(.milliseconds(10), timeout - start.elapsed))
        default: break
        }
        return outcome
    }

    private func write(
        _ new: [NewOrder], _ keys: Keys, _ claim: RequestClaim?, _ limits: AccountLimits?, placing: Int, idempotencyTTL: UInt64, before limit: UInt64,
        within timeout: Duration
    ) async throws(PipelineError) -> AcceptOutcome {
        let order = new[0].order
        let record = order.clientOrderId.map { keys.idempotency(order.idempotencyScope, key: $0) }
        let start = MonotonicInstant.now
        // Where orders are counted, or wait, the script for one order decides.
        if limits == nil, new.count == 1, new[0].waiting == nil, order.then.isEmpty {
            let proposal = UsualSteps.Proposal(order, keys, digest: claim?.digest ?? "", ttl: idempotencyTTL, placing: placing, before: limit)
            if let job = try await usual.accept(proposal, keys.partition, within: timeout) { return .accepted(order.id, job: job) }
        }
        let arguments = [
            keys.head, order.userId?.text ?? "", String(order.createdAt), String(idempotencyTTL), String(limit), claim?.digest ?? "",
            String(order.slippageBps), record == nil && limits == nil ? "" : String(placing), limits?.account.text ?? "",
            limits?.openOrders.map(String.init) ?? "", limits?.ordersPerMinute.map(String.init) ?? "",
        ]
        let reply = try await run(
            Scripts.accept,
            keys: [keys.order(order.id), record ?? keys.order(order.id), keys.paused, keys.placing]
                + (limits.map { counts($0.account, from: keys.partition) } ?? []),
            arguments + new.flatMap(\.sheet), timeout: max(.milliseconds(10), timeout - start.elapsed))
        return try outcome(reply.array ?? [], limits)
    }

    /// The keys of an account's open orders in all partitions, then those of its recent ones; of each first that of one partition.
    ///
    /// One script looks into all partitions: so the count is exact whatever the partitions of the orders are.
    private func counts(_ account: Account, from partition: Int) -> [String] {
        let sorted = [partitions[partition]] + partitions.filter { $0.partition != partition }
        return sorted.map { $0.open(account) } + sorted.map { $0.recent(account) }
    }

    private func outcome(_ reply: [RedisValue], _ limits: AccountLimits?) throws(PipelineError) -> AcceptOutcome {
        let id = reply.count > 1 ? reply[1].string.flatMap { OrderID(parsing: $0) } : nil
        let job = reply.count > 2 ? reply[2].string : nil
        switch (reply.first?.string, id, job) {
        case ("accepted", let id?, let job?): return .accepted(id, job: job)
        case ("replay", let id?, let job?): return .replay(id, job: job)
        case ("conflict", let id?, _): return .conflict(id)
        case ("collision", _, _): return .collision
        case ("late", _, _): return .late
        case ("moved", _, _): return .moved
        case ("paused", _, _): return .paused(reason: reply.count > 1 ? reply[1].string ?? "" : "")
        case ("open", _, _): return .limited(.openOrders(limits?.openOrders ?? 0))
        case ("recent", _, _): return .limited(.ordersPerMinute(limits?.ordersPerMinute ?? 0, wait: reply.count > 1 ? reply[1].milliseconds ?? 0 : 0))
        default: throw PipelineError(.unexpectedReply, "accept answered what this version does not know")
        }
    }
}
