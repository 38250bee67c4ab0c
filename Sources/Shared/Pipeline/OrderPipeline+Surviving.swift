internal import EventLoop
public import Orders
internal import Redis

/// What must survive the loss of a master waits at the barrier. Without one, what the master has is enough, and these return at once.
extension OrderPipeline {
    /// Waits until the replicas know of an accepted order: of its record under its key, if it has one, because the order may have left Redis.
    ///
    /// - Throws: `.notReady` or `.unavailable` with an unknown outcome if they do not, or if the order is no longer there.
    func awaitReplicas(ofOrder id: OrderID, record: String?, in keys: Keys, within limit: Duration) async throws(PipelineError) {
        guard let barrier else { return }
        let found =
            if let record {
                try await barrier.read(["HGET", record, "orderId"], in: keys, within: limit).string == id.description
            } else {
                try await !barrier.read(["HGET", keys.order(id), "f"], in: keys, within: limit).isNull
            }
        guard found else { throw Self.lost }
    }

    /// Waits until the replicas know that an order is in a state, in the round of its entry. False if it is in another one: the master has lost what
    /// was written.
    ///
    /// Asks again while the replicas do not answer, for at most the settings' patience.
    public func awaitReplicas(of id: OrderID, in state: OrderState, round: Int) async throws(PipelineError) -> Bool {
        guard let barrier else { return true }
        let keys = keys(of: id)
        let place = try await patiently { () throws(PipelineError) in try await barrier.read(["HGET", keys.order(id), "s"], in: keys) }
        return place.string.flatMap { OrderPlace($0) }.map { $0.state == state && $0.round == round } ?? false
    }

    /// Waits until the replicas have all of these keys of a partition, and what was written to them. For a chain whose ledger is in Redis: what it
    /// has told must stay so.
    package func awaitReplicas(ofKeys names: [String], in keys: Keys) async throws(PipelineError) {
        guard let barrier, !names.isEmpty else { return }
        guard try await barrier.read(["EXISTS"] + names, in: keys).count == names.count else { throw Self.lost }
    }

    /// Waits until the replicas know what a key of a partition holds.
    func awaitReplicas(of key: String, holding value: String, in keys: Keys) async throws(PipelineError) {
        guard let barrier else { return }
        guard try await barrier.read(["GET", key], in: keys).string == value else { throw Self.lost }
    }

    /// Waits until the replicas know what the processes agree on.
    func awaitReplicas(ofAgreement key: String, being value: String) async throws(PipelineError) {
        guard let barrier else { return }
        guard try await barrier.read(["GET", key], at: Keys.agreement("barrier")).string == value else { throw Self.lost }
    }

    /// Waits until the replicas know that an order was cancelled.
    func awaitReplicas(ofCancelled id: OrderID, in keys: Keys) async throws(PipelineError) {
        guard let barrier else { return }
        let place = try await barrier.read(["HGET", keys.order(id), "s"], in: keys).string.flatMap { OrderPlace($0) }
        guard place?.state == .cancelled else { throw Self.lost }
    }

    /// Waits until the replicas know of an order's event.
    func awaitReplicas(ofAmended id: OrderID, seq: Int, in keys: Keys) async throws(PipelineError) {
        guard let barrier else { return }
        let place = try await barrier.read(["HGET", keys.order(id), "s"], in: keys).string.flatMap { OrderPlace($0) }
        guard let place, place.seq >= seq else { throw Self.lost }
    }

    /// Waits until the replicas know of the pause, of all partitions at once.
    func awaitReplicasOfPause() async throws(PipelineError) {
        guard let barrier else { return }
        try await inEach(partitions) { keys throws(PipelineError) in
            guard try await barrier.read(["EXISTS", keys.paused], in: keys).integer == 1 else { throw Self.lost }
        }
    }

    /// An order with its events as `snapshot` reads it, once the replicas have all that is read.
    public func survivingSnapshot(_ id: OrderID) async throws(PipelineError) -> OrderFold? {
        guard let barrier else { return try await snapshot(id) }
        let keys = keys(of: id)
        return try snapshot(id, try await barrier.read(["HGETALL", keys.order(id)], in: keys))
    }

    private static var lost: PipelineError {
        PipelineError(.unavailable, "the master of Redis has changed and does not have what was written", outcomeUnknown: true)
    }
}
