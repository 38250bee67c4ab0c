internal import EventLoop
internal import Orders
internal import Redis

/// More partitions while the engine works.
///
/// 1. `grow` notes the new count. Each process reads the agreement once a second, and then reads the new partitions too. New orders still go to
///    the old ones.
/// 2. When all processes that are alive say in their heartbeats that they read the new partitions, every partition is told to refuse what is placed
///    by the old count. From here on no record of a key can come up where only the old count looks for it.
/// 3. The new count is agreed on. A process that does not know of it yet is refused, reads the agreement, and places the order anew. Records of
///    before stay where they are. They are looked for there until the last one has expired.
///
/// Steps 2 and 3 may be taken by any process, by several at once, and again after a crash.
extension OrderPipeline {
    /// A record expires by the clock of its partition. This is more than clocks of masters differ, in ms.
    private static let clockMargin: UInt64 = 600_000

    /// Whether the engine grows, as this process knows.
    public var isGrowing: Bool { agreement.isGrowing }

    /// Reads what the processes agree on, and goes by it.
    public func refreshPartitions() async throws(PipelineError) {
        guard let text = try await send(["GET", Keys.agreement("partitions")]).string else { return }
        let found = PipelineAgreement(text)
        guard found != agreement, found.isAtWork else { return }
        let new = (0..<found.most).dropFirst(partitions.count).map { Keys(partition: $0) }
        for keys in new where redis.canReach(keys.accepted) { try await createGroups(keys) }
        follow(found)
    }

    /// How far orders are shared out, and which processes a growth waits for.
    public func partitionStanding() async throws(PipelineError) -> PartitionStanding {
        try await refreshPartitions()
        let processes = try await instances()
        let reading = agreement.reading
        return PartitionStanding(
            count: agreement.placing, growingTo: agreement.growingTo,
            waitingFor: processes.filter { $0.fields["partitions"] != reading }.map(\.name).sorted(),
            former: agreement.former.map { PartitionStanding.Former(count: $0.count, until: $0.until) },
            outdated: processes.filter { $0.fields["startedWith"] != String(agreement.most) }.map(\.name).sorted())
    }

    /// Begins to grow to a count of partitions. If the engine has grown to it already, the partitions refuse the counts of before once more: a
    /// replica that has taken over may not know that they do.
    public func grow(to count: Int) async throws(PipelineError) -> GrowthRefusal? {
        try await refreshPartitions()
        let seen = agreement
        if seen.growingTo == nil, seen.placing == count, count > 1 { try await refuseOthers(than: count) }
        if seen.growingTo == count || seen.growingTo == nil && seen.placing == count { return nil }
        if let target = seen.growingTo { return .growing(target) }
        guard count > seen.placing else { return .notMore(seen.placing) }
        guard count <= PipelineAgreement.maxPartitions else { return .tooMany(PipelineAgreement.maxPartitions) }
        let next = seen.growing(to: count)
        guard try await exchange(seen, for: next) == next else { return .changed }
        try await refreshPartitions()
        return nil
    }

    /// Takes a growth on as far as it can go now. Returns whether it is finished, or there is none.
    ///
    /// - Parameter idempotencyTTL: how long records of keys stay at most, in ms.
    @discardableResult
    public func advanceGrowth(idempotencyTTL: UInt64) async throws(PipelineError) -> Bool {
        try await refreshPartitions()
        guard let target = agreement.growingTo else { return true }
        let seen = agreement
        // Once a partition refuses the count of before, all had followed, and the rest must not wait.
        if try await send(["GET", partitions[0].placing]).string != String(target) {
            guard try await instances().allSatisfy({ $0.fields["partitions"] == seen.reading }) else { return false }
            // With a master away some partitions would refuse what the others still take, until it is back.
            guard partitions.prefix(target).allSatisfy({ redis.canReach($0.placing) }) else { return false }
        }
        try await awaitReplicas(ofAgreement: Keys.agreement("partitions"), being: seen.description)
        if let pause = try await currentPause() {
            try await self.pause(partitions[seen.placing..<target], reason: pause.reason)
        }
        try await refuseOthers(than: target)
        let until = try await time() + idempotencyTTL + Self.clockMargin
        guard try await exchange(seen, for: seen.grown(until: until)).isGrowing == false else { return false }
        try await refreshPartitions()
        return true
    }

    /// Forgets the counts of before, once no record is left where they put it and every process was started with the count of today.
    public func settlePartitions() async throws(PipelineError) {
        let seen = agreement
        guard !seen.former.isEmpty, !seen.isGrowing, let last = seen.former.map(\.until).max(), try await time() > last else { return }
        let current = String(seen.placing)
        guard try await instances().allSatisfy({ $0.fields["startedWith"] == current }) else { return }
        _ = try await exchange(seen, for: seen.settled)
        try await refreshPartitions()
    }

    /// Has every partition refuse what is placed by a lower count than this. The first one tells whether this has begun.
    private func refuseOthers(than count: Int) async throws(PipelineError) {
        try await refuseOthers(than: count, partitions[0])
        try await inEach(partitions[1..<count]) { keys throws(PipelineError) in try await self.refuseOthers(than: count, keys) }
    }

    private func refuseOthers(than count: Int, _ keys: Keys) async throws(PipelineError) {
        guard try await run(Scripts.placing, keys: [keys.placing], [String(count)]).string == String(count) else {
            throw PipelineError(.unexpectedReply, "partition \(keys.partition) has a higher count of partitions than \(count)")
        }
        try await awaitReplicas(of: keys.placing, holding: String(count), in: keys)
    }

    /// Replaces the agreement if it is still the one that was seen. Returns the one that there is then.
    private func exchange(_ seen: PipelineAgreement, for next: PipelineAgreement) async throws(PipelineError) -> PipelineAgreement {
        let key = Keys.agreement("partitions")
        guard let text = try await run(Scripts.exchange, keys: [key], [seen.description, next.description]).string else {
            throw PipelineError(.unexpectedReply, "the count of partitions is gone")
        }
        try await awaitReplicas(ofAgreement: key, being: text)
        return PipelineAgreement(text)
    }
}

/// Why an engine does not begin to grow.
public enum GrowthRefusal: Error, Sendable, Equatable {
    /// It grows to this count already.
    case growing(Int)
    /// It has this count, and the new one is not more.
    case notMore(Int)
    /// There are at most so many partitions.
    case tooMany(Int)
    /// The count was changed at the same time.
    case changed
}
