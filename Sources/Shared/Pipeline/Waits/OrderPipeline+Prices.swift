internal import Orders
internal import Redis

/// Who wants a price that one process publishes for all.
public enum PriceWanter: Sendable, Hashable, CaseIterable {
    /// Orders that wait for it.
    case orders
    /// Somebody who places an order or looks at one.
    case people

    var key: String { self == .orders ? Keys.wantedPrices : Keys.askedPrices }
}

/// Marks that one process publishes for all.
extension OrderPipeline {
    /// Prices that are wanted; more are not looked at.
    private static let maxPrices = 500

    /// The marks under these names, and notes that they are wanted.
    public func publishedMarks(_ names: [String], wantedBy wanter: PriceWanter) async throws(PipelineError) -> [String: Mark] {
        let now = try await time()
        let want = ["ZADD", wanter.key] + names.flatMap { [String(now), $0] }
        let replies = try await send(all: [["HMGET", Keys.prices] + names, want])
        guard let values = try? replies.first?.get().array else { throw PipelineError(.unexpectedReply, "prices could not be read") }
        return Dictionary(uniqueKeysWithValues: zip(names, values).compactMap { name, value in Self.mark(value.string ?? "").map { (name, $0) } })
    }

    /// The names that are wanted since a time of Redis, the latest first. Forgets the others.
    public func wantedMarks(by wanter: PriceWanter, since time: UInt64) async throws(PipelineError) -> [String] {
        _ = try await send(["ZREMRANGEBYSCORE", wanter.key, "-inf", "(" + String(time)])
        let names = try await send(["ZREVRANGEBYSCORE", wanter.key, "+inf", "-inf", "LIMIT", "0", String(Self.maxPrices)])
        return (names.array ?? []).compactMap(\.string)
    }

    /// Publishes a mark. What is not renewed for an hour goes.
    public func publish(_ mark: Mark, under name: String) async throws(PipelineError) {
        let replies = try await send(all: [["HSET", Keys.prices, name, "\(mark.price.text) \(mark.at)"], ["PEXPIRE", Keys.prices, "3600000"]])
        if case .failure(let error)? = replies.first { throw PipelineError(error) }
    }

    private static func mark(_ text: String) -> Mark? {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let price = try? PriceLevel(decimal: String(parts[0])), let at = UInt64(parts[1]) else { return nil }
        return Mark(price, at: at)
    }
}
