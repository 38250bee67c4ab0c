internal import EventLoop
internal import Observability
internal import Orders
internal import Pipeline

/// A set of orders that wait, of which a mark may have reached some.
struct ReachedSet: Sendable {
    let set: WaitSet
    /// The key of the last price that is due.
    let last: String
    let mark: Mark
}

/// Hands on the orders of a set that a mark has reached, or moves their triggers.
@ServiceActor
struct Firing {
    /// Trailing orders of one run of the script.
    static let trailedAtOnce = 50
    /// Runs of a script for one set in one tick. Then the marks are taken anew.
    private static let maxRuns = 100
    /// Runs for many that are on their way at once. Each is short, so that Redis can serve others in between, and the replies come together: this
    /// process is busy with the orders that have just fired.
    private static let together = 3
    /// Orders that a run for many leaves, after which they are looked at one by one.
    private static let maxLeft = 1000

    let pipeline: OrderPipeline
    let probe: MarkProbe
    /// How old a mark may be that fires an order.
    let maxAge: Duration
    let clock: RedisClock
    let metrics: TickMetrics

    func handle(_ reached: ReachedSet, _ keys: Keys) async throws(PipelineError) {
        switch reached.set.kind {
        case .peak, .trough: try await trail(reached, keys)
        default: try await fire(reached, keys)
        }
    }

    private func fire(_ reached: ReachedSet, _ keys: Keys) async throws(PipelineError) {
        // Most orders are fired many in one run. What such runs leave is looked at one by one, before it becomes too much to be skipped.
        var left = 0
        for _ in 0..<Self.maxRuns where left < Self.maxLeft {
            guard let runs = try await fireMany(reached, skip: left, keys) else { return metrics.stale.increment() }
            left += runs.map(\.kept).reduce(0, +)
            if runs.contains(where: { $0.looked < OrderPipeline.firedAtOnce }) { break }
        }
        guard left > 0 else { return }
        var skip = 0
        for _ in 0..<Self.maxRuns {
            guard let run = try await fire(reached, skip: skip, oneByOne: true, keys) else { return metrics.stale.increment() }
            skip += run.kept
            if run.looked < OrderPipeline.firedOneByOne { return }
        }
    }

    private typealias Run = (looked: Int, kept: Int)

    /// Some runs for many at once. What one of them leaves another may see again and count twice. So some orders may be skipped here; they are looked
    /// at one by one.
    private func fireMany(_ reached: ReachedSet, skip: Int, _ keys: Keys) async throws(PipelineError) -> [Run]? {
        let results = await withTaskGroup(of: Result<Run?, PipelineError>.self) { group in
            for _ in 0..<Self.together {
                group.addTask {
                    do throws(PipelineError) { return .success(try await fire(reached, skip: skip, oneByOne: false, keys)) } catch {
                        return .failure(error)
                    }
                }
            }
            var results: [Result<Run?, PipelineError>] = []
            for await result in group { results.append(result) }
            return results
        }
        var runs: [Run] = []
        for result in results {
            guard let run = try result.get() else { return nil }
            runs.append(run)
        }
        return runs
    }

    /// One run of the script; nil if the mark is too old by now.
    private func fire(_ reached: ReachedSet, skip: Int, oneByOne: Bool, _ keys: Keys) async throws(PipelineError) -> Run? {
        let outcome = try await pipeline.fire(
            reached.set, upTo: reached.last, reached.mark, message(reached), maxAge: UInt64(maxAge.millisecondsRoundedUp), skip: skip,
            oneByOne: oneByOne, in: keys)
        guard case .looked(let looked, let fired, let kept) = outcome else { return nil }
        note(fired: fired, at: reached.mark)
        return (looked, kept)
    }

    private func note(fired: Int, at mark: Mark) {
        guard fired > 0, let now = clock.now else { return }
        metrics.triggered.increment(by: fired)
        metrics.delay.observe(.milliseconds(now - min(now, mark.at)))
    }

    /// Moves the triggers of orders for which the mark is a new best price.
    private func trail(_ reached: ReachedSet, _ keys: Keys) async throws(PipelineError) {
        var skip = 0
        for _ in 0..<Self.maxRuns {
            let page = try await pipeline.due([(reached.set, reached.last)], skip: skip, upTo: Self.trailedAtOnce, in: keys)
            guard let due = try page.first?.get(), !due.isEmpty else { return }
            var members = try await pipeline.trailing(due, in: keys)
            for index in members.indices { members[index].next = members[index].seen.flatMap { next(of: $0.bps, reached) } }
            skip += try await pipeline.trail(members, of: reached.set, in: keys)
            if due.count < Self.trailedAtOnce { return }
        }
    }

    private func next(of bps: Int, _ reached: ReachedSet) -> WaitPlace? {
        let direction = reached.set.direction
        return TrailingTrigger(bps: bps, best: reached.mark.price, of: direction.priced).map { WaitPlace(.trailing($0), direction) }
    }

    private func message(_ reached: ReachedSet) -> String {
        guard let (tokenIn, tokenOut) = probe.pair(reached.set.direction) else { return "Price reached" }
        let (priced, unit) = reached.set.direction.priced == .tokenIn ? (tokenIn, tokenOut) : (tokenOut, tokenIn)
        return "\(priced.symbol) is at \(reached.mark.price.text) \(unit.symbol)"
    }
}
