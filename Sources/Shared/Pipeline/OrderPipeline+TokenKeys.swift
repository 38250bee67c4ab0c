internal import EventLoop
internal import Redis

extension OrderPipeline {
    /// The secret keys of yesterday, today and tomorrow, by their numbers.
    ///
    /// - Parameters:
    ///   - today: the number of today's key.
    ///   - proposed: keys for today and tomorrow, used if there are none.
    public func tokenKeys(from today: UInt64, proposing proposed: [String]) async throws(PipelineError) -> [(number: String, key: String)] {
        let reply = try await run(Scripts.tokens, keys: [Keys.tokens], [String(today)] + proposed)
        return reply.pairs.compactMap { pair in pair.name.string.flatMap { number in pair.value.string.map { (number, $0) } } }
    }
}
