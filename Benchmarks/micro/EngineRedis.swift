internal import Configuration
internal import EventLoop
internal import Pipeline
internal import Redis

/// The Redis of REDIS_URL, with a pipeline as the services have it.
@ServiceActor
final class EngineRedis {
    /// What one call of a script takes.
    nonisolated static let page = 64
    /// Under a tool that counts instructions, everything takes a hundred times as long.
    static let patience = Duration.seconds(120)

    let pipeline: OrderPipeline
    private let url: RedisURL
    private let client: RedisClient
    private var running: Task<Void, Never>?

    init() throws {
        guard let url = ProcessEnvironment.variables["REDIS_URL"].flatMap({ RedisURL($0) }) else { throw CaseError("REDIS_URL is not set") }
        self.url = url
        client = RedisClient(url: url, name: "micro-benchmark", options: Self.options)
        pipeline = OrderPipeline(redis: client, settings: PipelineSettings())
    }

    private static var options: RedisOptions {
        var options = RedisOptions()
        (options.connectTimeout, options.commandTimeout, options.pingInterval) = (patience, patience, patience)
        return options
    }

    /// A connection for commands that wait.
    var reader: RedisReader { RedisReader(url: url, name: "micro-benchmark", options: Self.options) }

    /// Connects, and makes the streams.
    func open() async throws {
        running = Loop.spawn { [client] in await client.run() }
        try await client.connected(within: Self.patience)
        _ = try await pipeline.createGroups(pipeline.partitions[0])
    }

    func close() async {
        client.close()
        await running?.value
    }
}
