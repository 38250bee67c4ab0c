import Configuration
import EventLoop
import Orders
import Redis
import TestSupport

@testable import Pipeline
@testable import ServiceKit

/// A service's process without its service. It is connected to a Redis, its groups are made, and it has read the clock.
@ServiceActor
struct TestProcess<Settings: ServiceSettings> {
    let process: ServiceProcess
    let settings: Settings

    var pipeline: OrderPipeline { process.pipeline }
    var redis: RedisClient { process.redis }
    var keys: Keys { process.pipeline.partitions[0] }
}

/// Settings of a service for a test: little logging, free ports.
func load<Settings: ServiceSettings>(_ type: Settings.Type, redis: String, _ environment: [String: String]) throws -> Settings {
    let base = [
        "REDIS_URL": redis, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing", "LOG_LEVEL": "error", "PORT": "0", "BIND": "127.0.0.1",
        "MOCK_SEED": "7", "ALLOWED_HOSTS": "engine.test", "CALLER_REQUESTS_PER_S": "0", "CALLER_ORDERS_PER_S": "0",
        "CALLER_QUOTES_PER_S": "0",
    ]
    return try Settings.load(environment: base.merging(environment) { $1 })
}

/// Runs `body` with a process that is connected to a database of the shared Redis, or to the given server.
@ServiceActor
func withProcess<Settings: ServiceSettings>(
    _ type: Settings.Type, _ environment: [String: String] = [:], server: RedisServer? = nil,
    _ body: @ServiceActor (TestProcess<Settings>) async throws -> Void
) async throws {
    let url = if let server { server.url } else { try await RedisServer.shared().database() }
    let settings = try load(Settings.self, redis: url, environment)
    await Turnstile.enter()
    defer { Turnstile.leave() }
    let process = ServiceProcess.unconnected(settings)
    try await alongside({ await process.redis.run() }, stop: { process.redis.close() }) {
        try await process.redis.connected(within: .seconds(10))
        for keys in process.pipeline.partitions { try await process.pipeline.createGroups(keys) }
        await process.heartbeat.beat()
        try await body(TestProcess(process: process, settings: settings))
    }
}

/// Lets a few tests through at a time. All tests share one loop, and a test of deadlines has to find it free.
@ServiceActor
enum Turnstile {
    private static let maxInside = 6
    private static var inside = 0
    private static var waiting: [Promise<Void>] = []

    static func enter() async {
        guard inside >= maxInside else { return inside += 1 }
        let turn = Promise<Void>()
        waiting.append(turn)
        try? await turn.value
    }

    /// Gives the place to the test that has waited longest.
    static func leave() { if waiting.isEmpty { inside -= 1 } else { waiting.removeFirst().succeed(()) } }
}

extension TestProcess {
    /// Accepts an order, as the gateway does.
    func accept(_ order: Order) async throws {
        let outcome = try await pipeline.accept([NewOrder(order)], idempotencyTTL: 60_000, before: .max, timeout: .seconds(5))
        guard case .accepted = outcome else { throw TestFailure("the order was not accepted: \(outcome)") }
    }

    /// Reads the next entry of a stage's stream for a consumer, as a worker does.
    func take(_ stage: Stage, consumer: String = "tester") async throws -> WorkEntry {
        let reply = try await redis.send(["XREADGROUP", "GROUP", stage.group, consumer, "COUNT", "1", "STREAMS", keys.source(of: stage), ">"])
        guard let entry = StreamEntry.list(readGroup: reply).first, let id = entry.fields?["id"].flatMap({ OrderID(parsing: $0) }),
            let round = entry.fields?["round"].flatMap({ Int($0) })
        else { throw TestFailure("no entry waits for the \(stage.rawValue)") }
        return WorkEntry(
            stage: stage, partition: keys.partition, entry: entry.id, orderID: id, round: round, consumer: consumer, deliveries: 1,
            token: String(UInt64.random(in: .min ... .max)))
    }

    /// Makes every order due that waits for its next attempt, and hands it back.
    func promoteAll() async throws {
        let reply = try await redis.send(["ZRANGE", keys.retries, "0", "-1"])
        for member in (reply.array ?? []).compactMap({ $0.string }) { _ = try await redis.send(["ZADD", keys.retries, "1", member]) }
        _ = try await pipeline.promote(keys)
    }

    /// The time of Redis, in ms.
    func now() async throws -> Int64 {
        let time = try await redis.send(["TIME"]).array?.compactMap(\.integer) ?? []
        guard time.count == 2 else { throw TestFailure("TIME answered no time") }
        return time[0] * 1000 + time[1] / 1000
    }

    /// The state in an order's hash.
    func state(_ order: Order) async throws -> String? {
        try await redis.send(["HGET", keys.order(order.id), "s"]).string.map { String($0.prefix { $0 != " " }) }
    }

    /// An order's events so far.
    func events(_ order: Order) async throws -> [OrderEvent] {
        try await pipeline.snapshot(order.id)?.events ?? []
    }
}

extension Service {
    /// Runs the children until the task is cancelled, as a process does.
    func runChildren() async {
        await withTaskGroup(of: Void.self) { group in
            for child in children { group.addTask { try? await child.run() } }
        }
    }
}

extension ServiceProcess {
    /// A process that does not connect.
    static func unconnected(_ settings: some ServiceSettings) -> ServiceProcess {
        // Only a file of keys that cannot be used would be an error.
        try! ServiceProcess(
            service: type(of: settings).serviceName, common: settings.common, pipeline: PipelineSettings(partitions: settings.common.partitions))
    }
}
