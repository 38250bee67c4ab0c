internal import EventLoop
internal import Redis

/// What is asked of a caller's token bucket in Redis.
public struct BucketCharge: Sendable {
    /// The caller and the kind of requests, as part of a key.
    public let name: String
    /// Tokens a second.
    public let rate: Int
    /// The most that the bucket holds.
    public let burst: Int
    /// Tokens that were used already.
    public let owed: Int
    /// Tokens that are wanted.
    public let wanted: Int

    /// A charge by its parts.
    public init(name: String, rate: Int, burst: Int, owed: Int, wanted: Int) {
        (self.name, self.rate, self.burst, self.owed, self.wanted) = (name, rate, burst, owed, wanted)
    }
}

/// What a token bucket has given.
public struct BucketGrant: Sendable {
    public let granted: Int
    /// Whole tokens that are left in it.
    public let left: Int
    /// Milliseconds until it has a token; 0 if it has one.
    public let wait: UInt64
}

extension OrderPipeline {
    /// Charges token buckets, many in one call. Returns an answer for each.
    public func charge(_ charges: [BucketCharge]) async throws(PipelineError) -> [BucketGrant] {
        let arguments = charges.flatMap { [String($0.rate), String($0.burst), String($0.owed), String($0.wanted)] }
        let reply = try await run(Scripts.charge, keys: charges.map { Keys.bucket($0.name) }, arguments, timeout: .milliseconds(500))
        guard let values = reply.array?.map(\.count), values.count == 3 * charges.count else {
            throw PipelineError(.unexpectedReply, "charge answered what this version does not know")
        }
        return charges.indices.map { BucketGrant(granted: values[3 * $0], left: values[3 * $0 + 1], wait: UInt64(values[3 * $0 + 2])) }
    }
}
