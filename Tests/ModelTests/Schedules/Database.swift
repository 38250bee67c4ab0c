import Configuration
import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// A pipeline on an empty database of a real Redis.
@ServiceActor
final class Database {
    let pipeline: OrderPipeline
    let redis: RedisClient
    var keys: Keys { pipeline.partitions[0] }

    init(url: String, maxStarts: Int = Schedule.maxStarts) throws {
        // A call that takes long is not sent again: what it did is compared.
        var options = RedisOptions()
        options.commandTimeout = .seconds(30)
        redis = RedisClient(url: try Self.address(url), name: "schedule", options: options)
        pipeline = OrderPipeline(redis: redis, settings: PipelineSettings(maxStarts: maxStarts))
    }

    static func address(_ url: String) throws -> RedisURL { try #require(RedisURL(url)) }

    @discardableResult
    func send(_ command: String...) async throws -> RedisValue { try await redis.send(command) }

    func run(_ script: RedisScript, _ keys: [String], _ arguments: [String]) async throws -> [String] {
        (try await pipeline.run(script, keys: keys, arguments).array ?? []).map { $0.string ?? "" }
    }

    /// Reads the next new entry of a stage.
    func take(_ stage: Stage, as consumer: String, token: UInt8) async throws -> WorkEntry {
        let reply = try await send("XREADGROUP", "GROUP", stage.group, consumer, "COUNT", "1", "STREAMS", keys.source(of: stage), ">")
        guard let entry = StreamEntry.list(readGroup: reply).first, let id = entry.fields?["id"].flatMap({ OrderID(parsing: $0) }),
            let round = entry.fields?["round"].flatMap({ Int($0) })
        else { throw TestFailure("nothing new for the \(stage)") }
        return WorkEntry(
            stage: stage, partition: 0, entry: entry.id, orderID: id, round: round, consumer: consumer, deliveries: 1, token: String(token))
    }

    /// The id of the newest entry of a stream.
    func newest(_ stream: String) async throws -> String {
        guard let entry = try await send("XREVRANGE", stream, "+", "-", "COUNT", "1").array?.first?.array?[0].string else {
            throw TestFailure("\(stream) is empty")
        }
        return entry
    }

    /// Reads the new entries of the events stream, and the orders that they name, as a notifier does.
    func readEvents() async throws -> [Snapshot] {
        let reply = try await send("XREADGROUP", "GROUP", persistGroup, "n", "STREAMS", keys.events, ">")
        let entries = StreamEntry.list(readGroup: reply).compactMap { EventEntry($0) }
        let records = try await pipeline.records(entries.map(\.orderID))
        return try zip(entries, records).map { entry, record in
            Snapshot(entry: entry.entry, place: record?.state ?? "", events: try record?.fold().events ?? [])
        }
    }
}

/// An order as a notifier has read it for an entry of the events stream.
struct Snapshot {
    let entry: String
    /// The text of `s`.
    let place: String
    let events: [OrderEvent]
}

/// Runs a test on an empty database of the shared server.
@ServiceActor
func withDatabase(_ body: @ServiceActor (Database) async throws -> Void) async throws {
    let database = try Database(url: try await RedisServer.shared().database())
    try await alongside({ await database.redis.run() }, stop: { database.redis.close() }) {
        try await database.redis.connected(within: .seconds(20))
        try await database.pipeline.createGroups(database.keys)
        try await body(database)
    }
}
