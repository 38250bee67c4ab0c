internal import Orders
internal import Redis

/// The queue of a stage, over all partitions.
public struct StageQueue: Sendable, Equatable {
    /// Orders that no worker has been given.
    public let waiting: Int
    /// Orders that a worker has been given and has not finished.
    public let inHand: Int
    /// Orders that workers have been given since the streams began.
    public let taken: Int

    public init(waiting: Int, inHand: Int, taken: Int) { (self.waiting, self.inHand, self.taken) = (waiting, inHand, taken) }

    static func + (a: StageQueue, b: StageQueue) -> StageQueue {
        StageQueue(waiting: a.waiting + b.waiting, inHand: a.inHand + b.inHand, taken: a.taken + b.taken)
    }
}

/// The queues of the stages that work on orders. Nil where Redis does not know it.
public struct StageQueues: Sendable, Equatable {
    public var router: StageQueue?
    /// Nil also while `ORDERS_PER_MINUTE` has executors hold orders back.
    public var executor: StageQueue?

    public init(router: StageQueue?, executor: StageQueue?) { (self.router, self.executor) = (router, executor) }
}

extension OrderPipeline {
    /// Reads how many orders wait, in one round trip. It costs Redis some microseconds a partition, so much less than `lag`.
    public func queues() async throws(PipelineError) -> StageQueues {
        let (routers, executors) = (commands(for: .router), commands(for: .executor))
        let replies = try await send(all: routers + executors + [["EXISTS", Keys.attempts[0]]])
        let isHeldBack = (try? replies[replies.count - 1].get())?.integer != 0
        return StageQueues(
            router: Self.queue(of: .router, replies.prefix(routers.count)),
            executor: isHeldBack ? nil : Self.queue(of: .executor, replies.dropFirst(routers.count).prefix(executors.count)))
    }

    private func commands(for stage: Stage) -> [[String]] { partitions.map { ["XINFO", "GROUPS", $0.source(of: stage)] } }

    private static func queue(of stage: Stage, _ replies: ArraySlice<Result<RedisValue, RedisError>>) -> StageQueue? {
        var total = StageQueue(waiting: 0, inHand: 0, taken: 0)
        for reply in replies {
            guard let value = try? reply.get(), let one = StageQueue(value, group: stage.group) else { return nil }
            total = total + one
        }
        return total
    }
}

extension StageQueue {
    /// Reads what XINFO GROUPS says of one group. Nil if there is no such group, or if Redis has lost count of it.
    fileprivate init?(_ reply: RedisValue, group: String) {
        guard let fields = reply.fields(ofGroup: group), let waiting = fields["lag"]?.integer, let pending = fields["pending"]?.integer else {
            return nil
        }
        // Of a group that was never read Redis knows no number of entries read.
        self.init(waiting: Int(waiting), inHand: Int(pending), taken: Int(fields["entries-read"]?.integer ?? 0))
    }
}
