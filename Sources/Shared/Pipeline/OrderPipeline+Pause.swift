internal import JSON
internal import Orders
internal import Redis

/// A pause of the engine: no gateway takes new orders until an operator resumes.
public struct PauseRecord: Sendable, Equatable {
    /// Since when, in ms of Redis.
    public let since: UInt64
    /// The operator's reason; empty if none was given.
    public let reason: String
}

extension OrderPipeline {
    /// Pauses the engine until `resume`, over any restart: no gateway takes new orders. Orders inside go on. No order gets in once this has returned.
    ///
    /// A second call changes the reason, unless the new reason is empty.
    public func pause(reason: String) async throws(PipelineError) {
        try await refreshPartitions()
        try await pause(partitions, reason: reason)
        try await awaitReplicasOfPause()
    }

    func pause(_ partitions: some Sequence<Keys>, reason: String) async throws(PipelineError) {
        try await inEach(partitions) { keys throws(PipelineError) in _ = try await self.run(Scripts.pause, keys: [keys.paused], [reason]) }
    }

    /// Takes orders again.
    public func resume() async throws(PipelineError) {
        try await refreshPartitions()
        try await inEach(partitions) { keys throws(PipelineError) in _ = try await self.send(["DEL", keys.paused]) }
    }

    /// The pause of any partition, also if others cannot be asked; nil if all take orders.
    public func currentPause() async throws(PipelineError) -> PauseRecord? {
        let pauses = await outcomes(in: partitions) { keys throws(PipelineError) -> PauseRecord? in
            let values = try await self.send(["HMGET", keys.paused, "since", "reason"]).array ?? []
            return values.first?.milliseconds.map { PauseRecord(since: $0, reason: values.last?.string ?? "") }
        }
        for case .success(let pause?) in pauses { return pause }
        for pause in pauses { _ = try pause.get() }
        return nil
    }
}

extension PauseRecord {
    /// The body of `GET /api/door`, and the member `door` of `/health` and `/api/streams`. `pause` is nil while the engine is not paused.
    public static func json(of pause: PauseRecord?) -> String {
        JSONWriter.object {
            $0.field("open", pause == nil)
            guard let pause else { return }
            $0.field("since", Timestamp.text(milliseconds: pause.since))
            $0.field("reason", orNull: pause.reason.isEmpty ? nil : pause.reason)
        }
    }
}
