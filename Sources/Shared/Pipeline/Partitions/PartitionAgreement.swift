internal import EventLoop
internal import Orders
internal import Redis

/// An error: this process has another count of partitions than the one agreed on in Redis.
public struct PartitionMismatch: Error, Sendable, CustomStringConvertible {
    /// The count in Redis.
    public let agreed: String
    /// The count of this process.
    public let given: Int
    /// Why the count cannot be changed now.
    public let obstacle: String

    public var description: String {
        // After a change that was cut off there are two counts; the sentence names the second one.
        let agreed = PipelineAgreement(agreed).counts.last ?? 1
        return "PARTITIONS is \(given), but in this Redis \(agreed) is agreed on, and \(obstacle): start with PARTITIONS=\(agreed). "
            + "To have more while the engine works, use orderctl partitions grow. To change the count in any other way, pause the engine "
            + "(orderctl pause), wait until nothing is under way (orderctl lag), stop every process, and start all with the new count"
    }
}

extension OrderPipeline {
    /// Makes sure that all processes have one count of partitions, and keep orders in one form. An order's id carries its partition.
    ///
    /// The count changes if no process uses the old one, and the old partitions are empty or the engine is paused with nothing under way. The form
    /// changes if no process uses the old one and no order of it is left to do. The caller must have sent a heartbeat with `agreementFields` before.
    /// So of two processes that do not agree at least one sees the other. Where the engine grows, or has grown from this process' count, the process
    /// reads as many partitions as the others.
    ///
    /// - Throws: `PartitionMismatch` if the count cannot be changed, `LayoutMismatch` if the form cannot. Then nothing has changed.
    public func agreeOnPartitions() async throws { follow(try await PartitionChange(to: self).run()) }

    /// Whether no partition holds an order, an idempotency record or a stream entry. Called only if the counts differ.
    func isEmpty() async throws -> Bool { try await scan("orders:{[0-9]*}:*") { key in try await isSpent(key) } }

    /// Calls `body` with each key that matches, until it returns false. Returns whether it never did. A key may come twice.
    func scan(_ pattern: String, _ body: @ServiceActor (String) async throws -> Bool) async throws -> Bool {
        for master in redis.masters { guard try await scan(master, pattern, body) else { return false } }
        return true
    }

    private func scan(_ master: RedisNode, _ pattern: String, _ body: @ServiceActor (String) async throws -> Bool) async throws -> Bool {
        var cursor = "0"
        repeat {
            let reply = try await send(["SCAN", cursor, "MATCH", pattern, "COUNT", "1000"], to: master).array ?? []
            guard reply.count == 2, let next = reply[0].string else { throw PipelineError(.unexpectedReply, "SCAN answered no cursor") }
            for key in (reply[1].array ?? []).compactMap({ $0.string }) { guard try await body(key) else { return false } }
            cursor = next
        } while cursor != "0"
        return true
    }

    private func isSpent(_ key: String) async throws -> Bool {
        switch key.drop(while: { $0 != "}" }).dropFirst(2) {
        case "accepted", "routed", "events", "dead": try await send(["XLEN", key]).integer == 0
        case "retries", "deadlines", "leaving", "clock", "placing": true
        case let rest: rest.utf8.starts(with: "user:".utf8)
        }
    }
}
