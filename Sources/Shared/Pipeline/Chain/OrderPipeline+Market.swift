public import Markets
internal import Redis

extension OrderPipeline {
    /// What the swaps that landed have put into the pools of a partition's market, by the pools' addresses.
    public func marketFlows(partition: Int) async throws(PipelineError) -> [String: PoolFlow] {
        guard partitions.indices.contains(partition) else { return [:] }
        let values = try await send(["HGETALL", partitions[partition].market]).array ?? []
        var flows: [String: PoolFlow] = [:]
        for index in stride(from: 0, to: values.count - 1, by: 2) {
            guard let pool = values[index].string, let flow = values[index + 1].string.flatMap({ PoolFlow(text: $0) }) else { continue }
            flows[pool] = flow
        }
        return flows
    }
}
