import Configuration
import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// A process of the routers as far as its lanes are concerned: a worker with a roster and a heartbeat.
@ServiceActor
final class Replica {
    let name: String
    let worker: Worker
    let roster: Roster
    let observer = RecordingObserver()
    private let heartbeat: Heartbeat
    private var tasks: [Task<Void, Never>] = []

    /// With `isHeard` it tells the others of itself. Otherwise it knows of others what the test says.
    /// The visibility time-out is long, so that only who stops or dies loses what it has in hand, even if the machine stands still for a moment.
    init(
        _ bench: Bench, _ name: String, _ handler: FakeHandler, concurrency: Int = 10, visibilityTimeout: Duration = .seconds(20),
        patience: Duration = .seconds(10), isHeard: Bool = true
    ) throws {
        self.name = name
        // More partitions than the test has, so that two processes serve each.
        roster = Roster(group: "router", name: name, partitions: 256)
        heartbeat = Heartbeat(redis: bench.redis, service: "router", name: name) { [:] }
        if isHeard { heartbeat.roster = roster }
        let url = try #require(RedisURL(bench.url))
        var options = WorkerOptions.of(.router, name, concurrency: concurrency, visibilityTimeout: visibilityTimeout)
        options.patience = patience
        worker = Worker(options: options, pipeline: bench.pipeline, handler: handler, roster: roster, observer: observer) {
            RedisReader(url: url, name: "reader-\(name)")
        }
    }

    /// Starts as a service does: the first heartbeat comes before the first read.
    func start() async {
        await heartbeat.beat()
        tasks = [Loop.spawn { await self.heartbeat.run() }, Loop.spawn { await self.worker.run() }]
    }

    /// Stops as a service does. After a silence the others believe for seconds that it goes on, and its grace is longer than that.
    func stop() async {
        await worker.stop(within: .seconds(15))
        await tasks.last?.value
        tasks.first?.cancel()
        await heartbeat.end()
    }

    /// Ends the heartbeat as a crash would.
    func fallSilent() { tasks.first?.cancel() }
}

/// Runs replicas while `body` runs.
@ServiceActor
func withReplicas(_ replicas: [Replica], _ body: @ServiceActor () async throws -> Void) async throws {
    for replica in replicas { await replica.start() }
    let result: Result<Void, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    for replica in replicas { await replica.stop() }
    try result.get()
}
