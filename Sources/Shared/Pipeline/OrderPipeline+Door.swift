internal import JSON
internal import Orders
internal import Redis

/// That no new orders are taken in, for all gateways, until somebody ends it.
public struct Pause: Sendable, Equatable {
    /// Since when, in ms of Redis.
    public let since: UInt64
    /// Why, in the words of who did it; empty when nothing was said.
    public let reason: String
}

extension OrderPipeline {
    /// Takes no new orders until `resume`, through any gateway and any restart; what is inside goes on. Once it returns, none gets in any more.
    ///
    /// Again it changes the reason, unless that is empty.
    public func pause(reason: String) async throws(PipelineError) {
        for keys in partitions { _ = try await run(Scripts.pause, keys: [keys.paused], [reason]) }
    }

    /// Takes orders again.
    public func resume() async throws(PipelineError) {
        for keys in partitions { _ = try await send(["DEL", keys.paused]) }
    }

    /// The pause that holds in any of the partitions; nil where all take orders.
    public func currentPause() async throws(PipelineError) -> Pause? {
        for keys in partitions {
            let values = try await send(["HMGET", keys.paused, "since", "reason"]).array ?? []
            if let since = values.first?.milliseconds { return Pause(since: since, reason: values.last?.string ?? "") }
        }
        return nil
    }
}

extension Pause {
    /// The body of `GET /api/door`, and what `/health` and `/api/streams` show under `door`; nil for an open one.
    public static func json(of pause: Pause?) -> String {
        JSONWriter.object {
            $0.field("open", pause == nil)
            guard let pause else { return }
            $0.field("since", Timestamp.text(milliseconds: pause.since))
            $0.field("reason", orNull: pause.reason.isEmpty ? nil : pause.reason)
        }
    }
}
