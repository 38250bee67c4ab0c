internal import EventLoop
public import Orders
internal import Redis

/// The record of a request under its idempotency key.
public struct AcceptedRecord: Sendable, Equatable {
    /// The order that the request became.
    public let id: OrderID
    /// The id of that order's entry on `accepted`.
    public let job: String
    /// The request in one canonical text.
    public let fingerprint: String
    /// The digest of the request as the client wrote it, see `RequestClaim`; nil in records of earlier versions.
    public let digest: String?
    /// The slippage limit that the answer named; nil in records of earlier versions.
    public let slippageBps: Int?

    /// Reads the values of a record's five fields.
    fileprivate init?(_ values: [String?]) {
        guard values.count == 5, let id = values[0].flatMap({ OrderID(parsing: $0) }), let job = values[1], let fingerprint = values[2] else {
            return nil
        }
        (self.id, self.job, self.fingerprint, digest, slippageBps) = (id, job, fingerprint, values[3], values[4].flatMap { Int($0) })
    }
}

/// Where an order goes, and where the record of its key is.
extension OrderPipeline {
    /// The partition for a new order with an idempotency key: always the same one, so that the record is found.
    public func partition(_ scope: IdempotencyScope, idempotencyKey: String) -> Int {
        Self.partition(scope, idempotencyKey, of: agreement.placing)
    }

    private static func partition(_ scope: IdempotencyScope, _ key: String, of count: Int) -> Int {
        Int(FNV1a.hash64(scope.text.utf8 + [0] + key.utf8) % UInt64(count))
    }

    /// A partition for a new order without a key, by chance; in a cluster one whose master can be reached, if there is one.
    public func anyPartition(using random: inout some RandomNumberGenerator) -> Int {
        let count = agreement.placing
        let first = Int.random(in: 0..<count, using: &random)
        guard redis.isCluster else { return first }
        let others = (0..<count).lazy.map { (first + $0) % count }
        return others.first { redis.canReach(partitions[$0].accepted) } ?? first
    }

    /// The record of the request that came with a key; nil if there was none, or too long ago. Only reads, so that a full Redis answers too. The
    /// replicas have what it finds, if there is a barrier.
    public func record(of claim: RequestClaim, timeout: Duration) async throws(PipelineError) -> AcceptedRecord? {
        try await record(claim.scope, key: claim.key, timeout: timeout)
    }

    func record(_ scope: IdempotencyScope, key: String, timeout: Duration) async throws(PipelineError) -> AcceptedRecord? {
        let start = MonotonicInstant.now
        let own = partition(scope, idempotencyKey: key)
        if let found = try await record(scope, key: key, in: partitions[own], timeout: timeout) { return found }
        return try await formerRecord(scope, key: key, agreement, at: 0, timeout: timeout - start.elapsed)
    }

    /// The record of a key in a partition that the key had before the engine grew; nil if there is none. No new one can come up there: the partitions
    /// refuse what is placed by a former count.
    ///
    /// - Parameter now: the time of Redis in ms, after which records have expired; 0 to look wherever there may have been one.
    private func formerRecord(
        _ scope: IdempotencyScope, key: String, _ agreement: PipelineAgreement, at now: UInt64, timeout: Duration
    ) async throws(PipelineError) -> AcceptedRecord? {
        guard !agreement.former.isEmpty else { return nil }
        let start = MonotonicInstant.now
        var places = [Self.partition(scope, key, of: agreement.placing)]
        for former in agreement.former where former.until > now {
            let place = Self.partition(scope, key, of: former.count)
            guard !places.contains(place) else { continue }
            places.append(place)
            let left = max(.milliseconds(10), timeout - start.elapsed)
            if let found = try await record(scope, key: key, in: partitions[place], timeout: left) { return found }
        }
        return nil
    }

    private func record(_ scope: IdempotencyScope, key: String, in keys: Keys, timeout: Duration) async throws(PipelineError) -> AcceptedRecord? {
        let names = ["orderId", "jobId", "fingerprint", "request", "slippageBps"]
        let command = ["HMGET", keys.idempotency(scope, key: key)] + names
        let found: AcceptedRecord?
        do {
            found = AcceptedRecord((try await redis.send(command, timeout: timeout).array ?? []).map(\.string))
        } catch {
            throw PipelineError(error)
        }
        guard let barrier, found != nil else { return found }
        return AcceptedRecord((try await barrier.read(command, in: keys, within: timeout).array ?? []).map(\.string))
    }

    /// The outcome of an order with a key, where the count of partitions has changed since its key was used or since its id was made; nil for a new
    /// order.
    func formerOutcome(
        of order: Order, _ agreement: PipelineAgreement, within limit: Duration
    ) async throws(PipelineError) -> AcceptOutcome? {
        guard let key = order.clientOrderId else { return nil }
        let scope = order.idempotencyScope
        guard order.id.partition == Self.partition(scope, key, of: agreement.placing) else { return .moved }
        guard let record = try await formerRecord(scope, key: key, agreement, at: order.createdAt, timeout: limit) else { return nil }
        return record.fingerprint == order.fingerprint ? .replay(record.id, job: record.job) : .conflict(record.id)
    }
}
