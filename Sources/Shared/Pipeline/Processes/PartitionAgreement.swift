internal import Orders
internal import Redis

/// This process was told another count of partitions than the orders in Redis live by.
public struct PartitionMismatch: Error, Sendable, CustomStringConvertible {
    /// What holds in Redis.
    public let agreed: String
    /// What this process was told.
    public let given: Int

    /// One sentence that says what to do.
    public var description: String {
        "PARTITIONS is \(given), but Redis holds orders of an engine with \(agreed): start with PARTITIONS=\(agreed), or empty Redis first"
    }
}

extension OrderPipeline {
    /// Makes sure that all processes have one count of partitions, because an order's id carries its partition.
    ///
    /// Another count is taken over only where nothing of the old one is left. Throws `PartitionMismatch`.
    public func agreeOnPartitions() async throws {
        let given = String(settings.partitions)
        let agreed = try await agree(on: "partitions", given)
        guard agreed != given else { return }
        guard try await isEmpty() else { throw PartitionMismatch(agreed: agreed, given: settings.partitions) }
        _ = try await send(["SET", Keys.agreement("partitions"), given])
    }

    /// Whether no partition holds an order, an idempotency record or a stream entry. Only asked when the counts differ.
    private func isEmpty() async throws -> Bool {
        var cursor = "0"
        repeat {
            let reply = try await send(["SCAN", cursor, "MATCH", "orders:{[0-9]*}:*", "COUNT", "1000"]).array ?? []
            guard reply.count == 2, let next = reply[0].string else { throw PipelineError(.unexpectedReply, "SCAN answered no cursor") }
            for key in (reply[1].array ?? []).compactMap({ $0.string }) {
                guard try await isSpent(key) else { return false }
            }
            cursor = next
        } while cursor != "0"
        return true
    }

    private func isSpent(_ key: String) async throws -> Bool {
        switch key.drop(while: { $0 != "}" }).dropFirst(2) {
        case "accepted", "routed", "events", "dead": try await send(["XLEN", key]).integer == 0
        case "retries", "deadlines", "leaving", "clock": true
        case let rest: rest.hasPrefix("user:")
        }
    }
}
