import Configuration
import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Handles entries by a closure, and counts them.
@ServiceActor
final class FakeHandler: OrderHandler {
    var body: @ServiceActor (WorkEntry) async -> Void
    private(set) var entries: [WorkEntry] = []
    private(set) var maxRunning = 0
    private var running = 0

    init(_ body: @escaping @ServiceActor (WorkEntry) async -> Void) { self.body = body }

    func handle(_ entry: WorkEntry) async {
        entries.append(entry)
        running += 1
        maxRunning = max(maxRunning, running)
        await body(entry)
        running -= 1
    }
}

/// Stores orders, or fails as the test says.
@ServiceActor
final class FakeSink: EventSink {
    struct Away: Error {}

    /// How often it fails before it stores anything.
    var failures = 0
    /// It stores no batch with this order.
    var poison: OrderID?
    /// The orders that it refuses.
    var refused: Set<OrderID> = []
    /// What it waits for before it stores a batch.
    var gate: Promise<Void>?
    private(set) var attempts = 0
    private(set) var batches: [[OrderRecord]] = []
    var orders: [OrderRecord] { batches.flatMap { $0 } }

    func store(_ batch: [OrderRecord]) async throws -> [(index: Int, reason: String)] {
        attempts += 1
        if failures > 0 {
            failures -= 1
            throw Away()
        }
        try await gate?.value
        if batch.contains(where: { $0.id == poison }) { throw Away() }
        batches.append(batch)
        return batch.indices.filter { refused.contains(batch[$0].id) }.map { ($0, "SQLSTATE_22P05") }
    }
}

/// Records what it is told.
@ServiceActor
final class RecordingObserver: StreamObserver {
    private(set) var claimed = 0
    private(set) var buried: [String] = []
    private(set) var lostCount = 0
    private(set) var readFailures = 0
    private(set) var created = 0
    private(set) var failures: [String] = []
    private(set) var releasedCount = 0
    private(set) var orderless: [OrderID] = []

    func received(stream: String, count: Int, claimed: Bool) { if claimed { self.claimed += count } }
    func buried(entry: String, stream: String, order: OrderID?, reason: String) { buried.append(reason) }
    func lost(stream: String, count: Int) { lostCount += count }
    func withoutOrder(stream: String, orders: [OrderID]) { orderless += orders }
    func readFailed(stream: String, error: RedisError) { readFailures += 1 }
    func groupCreated(stream: String) { created += 1 }
    func failed(doing: String, error: PipelineError) { failures.append(doing) }
    func released(stream: String, count: Int) { releasedCount += count }
}

/// Runs a worker while `body` runs.
@ServiceActor
func withWorker(
    _ bench: Bench, _ options: WorkerOptions, _ handler: FakeHandler, _ budget: AttemptBudget? = nil,
    _ body: @ServiceActor (Worker, RecordingObserver) async throws -> Void
) async throws {
    let observer = RecordingObserver()
    let url = try #require(RedisURL(bench.url))
    let worker = Worker(options: options, pipeline: bench.pipeline, handler: handler, budget: budget, observer: observer) {
        RedisReader(url: url, name: "reader-\(url.database)")
    }
    try await alongside({ await worker.run() }, stop: { await worker.stop(within: .zero) }) { try await body(worker, observer) }
}

/// Runs an event consumer while `body` runs.
@ServiceActor
func withEvents(
    _ bench: Bench, _ sink: FakeSink, batch: Int = 10, wait: Duration = .zero, visibility: Duration = .milliseconds(300),
    _ body: @ServiceActor (EventConsumer, RecordingObserver) async throws -> Void
) async throws {
    let observer = RecordingObserver()
    let url = try #require(RedisURL(bench.url))
    let options = EventConsumerOptions(
        consumer: "n-\(UInt32.random(in: .min ... .max))", batch: batch, wait: wait, visibilityTimeout: visibility,
        renewInterval: .milliseconds(100))
    let consumer = EventConsumer(options: options, pipeline: bench.pipeline, sink: sink, observer: observer) {
        RedisReader(url: url, name: "reader")
    }
    try await alongside({ await consumer.run() }, stop: { await consumer.stop(within: .zero) }) { try await body(consumer, observer) }
}
