internal import Configuration
public import EventLoop

/// One server: the connection to it, and the scripts that it has been given.
@ServiceActor
public final class RedisNode {
    let keeper: ConnectionKeeper
    private var loading: [String: Promise<Void>] = [:]
    private(set) var commands = 0
    /// Facts about the server of the last connection.
    var info: RedisConnectionInfo?
    /// Called with the seconds from each command to its reply.
    var onRoundTrip: (@ServiceActor (Double) -> Void)? { didSet { keeper.connection?.onRoundTrip = onRoundTrip } }

    init(url: RedisURL, name: String, options: RedisOptions) { keeper = ConnectionKeeper(url: url, name: name, options: options) }

    /// Where the server is, as the URL or the cluster names it. A log may show it.
    public var endpoint: String { keeper.url.endpoint }

    var hasConnection: Bool { keeper.connection.map { $0.failure == nil } ?? false }
    /// Connections made after the first.
    var reconnects: Int { max(0, keeper.connects - 1) }
    /// Commands without a reply.
    var inFlight: Int { keeper.connection?.inFlight ?? 0 }
    /// Callers that wait for the connection. They send a command as soon as it is there.
    private(set) var waiting = 0

    /// Waits for the connection. Throws `.unavailable` after `limit`, or `.closed`.
    func waitUntilReady(within limit: Duration) async throws(RedisError) {
        waiting += 1
        defer { waiting -= 1 }
        try await keeper.waitUntilReady(within: limit)
    }

    /// Keeps the connection until it is closed or the task is cancelled. `prepare` prepares each new one.
    func run(_ prepare: @ServiceActor (RedisConnectionInfo) async -> Void) async {
        await keeper.run { connection, info in
            connection.onRoundTrip = onRoundTrip
            await prepare(info)
        }
    }

    /// The connection, for so many commands. Throws if there is none.
    func connection(for commands: Int = 1) throws(RedisError) -> RedisConnection {
        guard let connection = keeper.connection else { throw keeper.unavailable }
        self.commands += commands
        return connection
    }

    /// Sends a command and returns its reply. Throws as `RedisClient.send` does.
    public func send(_ command: [String], timeout: Duration? = nil) async throws(RedisError) -> RedisValue {
        try await connection().send(command, timeout: timeout)
    }

    /// Sends a command that another node of the cluster has pointed here: ASKING goes with it, in one write.
    func sendAsking(_ command: [String], timeout: Duration?) async throws(RedisError) -> RedisValue {
        try await connection().send(all: [["ASKING"], command], timeout: timeout)[1].get()
    }

    /// Sends commands at once, all before the first reply, and returns their replies in order. Throws as `RedisClient.send(all:)` does.
    public func send(all commands: [[String]], timeout: Duration? = nil) async throws(RedisError) -> [Result<RedisValue, RedisError>] {
        try await connection(for: commands.count).send(all: commands, timeout: timeout)
    }

    /// Loads a script. Callers at the same time share one SCRIPT LOAD.
    public func load(_ script: RedisScript) async throws(RedisError) {
        if let promise = loading[script.sha] { do { return try await promise.value } catch { throw RedisError(waiting: error) } }
        let promise = Promise<Void>()
        loading[script.sha] = promise
        defer { loading[script.sha] = nil }
        do {
            _ = try await send(["SCRIPT", "LOAD", script.source])
            promise.succeed(())
        } catch {
            promise.fail(error)
            throw error
        }
    }
}
