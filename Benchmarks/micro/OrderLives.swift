internal import EventLoop
internal import Orders
internal import Pipeline
internal import Redis

/// Takes many orders from stage to stage in Redis, with the pipeline, the workers and the consumer of the services.
@ServiceActor
final class OrderLives {
    /// What orders are, one after the other.
    enum Milestone: CaseIterable {
        case accepted, routed, confirmed, stored
    }

    private static let (page, patience) = (EngineRedis.page, EngineRedis.patience)

    private let redis: EngineRedis
    private let sample: Sample
    private let observer = Complaints()
    private var pipeline: OrderPipeline { redis.pipeline }

    init(_ redis: EngineRedis) throws {
        self.redis = redis
        sample = try Sample()
    }

    /// Takes that many orders from the milestone before to this one.
    func reach(_ milestone: Milestone, _ count: Int) async throws {
        switch milestone {
        case .accepted: try await accept(count)
        case .routed: try await route(count)
        case .confirmed: try await execute(count)
        case .stored: try await store(count)
        }
    }

    private func accept(_ count: Int) async throws {
        for start in stride(from: 0, to: count, by: Self.page) {
            let orders = (start..<min(start + Self.page, count)).map { sample.order($0) }
            let calls = orders.map { order in Loop.spawn { try await self.accept(order) } }
            for call in calls { try await call.value }
        }
    }

    private func accept(_ order: Order) async throws {
        let outcome = try await pipeline.accept([NewOrder(order)], idempotencyTTL: 86_400_000, before: 4_102_444_800_000, timeout: Self.patience)
        guard case .accepted = outcome else { throw CaseError("an order was answered by \(outcome)") }
    }

    /// Routes the orders that were accepted.
    private func route(_ count: Int) async throws {
        let quotes = sample.quotes
        try await work(.router, count) { [pipeline] entry in
            guard case .work = try await pipeline.begin(entry) else { throw CaseError("an order was not begun") }
            return try await pipeline.step(.routeDone(quotes, reason: "the higher output"), entry)
        }
    }

    /// Submits and confirms the orders that were routed.
    private func execute(_ count: Int) async throws {
        let quote = sample.quotes[0]
        let transaction = sample.transaction()
        let fill = Fill(
            executedPrice: "145.48", amountOut: quote.amountOut, amountOutDecimal: quote.amountOutDecimal, realisedSlippageBps: 0,
            networkFeeLamports: 5000)
        try await work(.executor, count) { [pipeline] entry in
            guard case .work = try await pipeline.begin(entry, withNextStep: true) else { throw CaseError("an order was not begun") }
            guard case .written = try await pipeline.step(.submit([transaction], attempt: 1, maxAttempts: 3), entry) else {
                throw CaseError("an order was not submitted")
            }
            return try await pipeline.step(.confirm(fill), entry)
        }
    }

    /// Takes that many orders through a stage with a worker.
    private func work(_ stage: Stage, _ count: Int, _ body: @escaping @ServiceActor (WorkEntry) async throws -> StepOutcome) async throws {
        let steps = Steps(count, body)
        let options = WorkerOptions(
            stage: stage, concurrency: Self.page, visibilityTimeout: Self.patience, renewInterval: Self.patience, consumer: "micro-benchmark")
        let worker = Worker(options: options, pipeline: pipeline, handler: steps, observer: observer) { [redis] in redis.reader }
        try await run(until: steps.done, { await worker.run() }, stop: { await worker.stop(within: Self.patience) })
    }

    /// Runs what reads a stream until all orders are done.
    private func run(
        until done: Promise<Void>, _ body: @escaping @ServiceActor () async -> Void, stop: @ServiceActor () async -> Void
    ) async throws {
        let running = Loop.spawn { await body() }
        try await done.value(within: Self.patience)
        await stop()
        await running.value
        try observer.check()
    }

    /// Reads the orders as they are to be stored, and acknowledges them.
    private func store(_ count: Int) async throws {
        let sink = CountingSink(count)
        let options = EventConsumerOptions(
            consumer: "micro-benchmark", batch: Self.page, wait: .zero, visibilityTimeout: Self.patience, renewInterval: Self.patience)
        let consumer = EventConsumer(options: options, pipeline: pipeline, sink: sink, observer: observer) { [redis] in redis.reader }
        try await run(until: sink.done, { await consumer.run() }, stop: { await consumer.stop(within: Self.patience) })
    }

}

/// Takes the steps of one stage with each order, and says when all are done.
@ServiceActor
private final class Steps: OrderHandler {
    let done = Promise<Void>()
    private var left: Int
    private let body: @ServiceActor (WorkEntry) async throws -> StepOutcome

    init(_ count: Int, _ body: @escaping @ServiceActor (WorkEntry) async throws -> StepOutcome) {
        left = count
        self.body = body
    }

    func handle(_ entry: WorkEntry) async {
        do {
            guard case .written = try await body(entry) else { throw CaseError("a step was not written") }
        } catch {
            done.fail(error)
        }
        left -= 1
        if left == 0 { done.succeed(()) }
    }
}

/// Takes orders as if they were stored, and says when all were there.
@ServiceActor
private final class CountingSink: EventSink {
    let done = Promise<Void>()
    private var left: Int

    init(_ count: Int) { left = count }

    func store(_ batch: [OrderRecord]) async throws -> [(index: Int, reason: String)] {
        left -= batch.count
        if left <= 0 { done.succeed(()) }
        return []
    }
}

/// Keeps what went wrong: a figure of anything but the usual way would be wrong.
@ServiceActor
private final class Complaints: StreamObserver {
    private var complaint: String?

    func check() throws { if let complaint { throw CaseError(complaint) } }

    func received(stream: String, count: Int, claimed: Bool) { if claimed { complaint = "\(count) entries of \(stream) were claimed" } }
    func buried(entry: String, stream: String, order: OrderID?, reason: String) { complaint = "an entry of \(stream) was buried: \(reason)" }
    func lost(stream: String, count: Int) { complaint = "\(count) entries of \(stream) were lost" }
    func withoutOrder(stream: String, orders: [OrderID]) { complaint = "\(orders.count) entries of \(stream) have no order" }
    func readFailed(stream: String, error: RedisError) { if error.code != .closed { complaint = "\(stream) could not be read: \(error)" } }
    func groupCreated(stream: String) { complaint = "the group of \(stream) was missing" }
    /// A worker that is stopped breaks off what it does beside its orders.
    func failed(doing: String, error: PipelineError) { if error.code != .stopping { complaint = "\(doing): \(error)" } }
    func released(stream: String, count: Int) { complaint = "\(count) entries of \(stream) were released" }
}
