public import Configuration
public import EventLoop

/// A connection to Redis for commands that do not block. Any number of commands may run at once, pipelined, each with a deadline. It reconnects by
/// itself.
///
/// Commands are not queued for later: without a connection a command fails at once, and nothing is sent twice. SUBSCRIBE and blocking commands do not
/// belong here: `RedisSubscriber` and `RedisReader` have connections of their own.
@ServiceActor
public final class RedisClient {
    /// Counters of a client.
    public struct Statistics: Sendable {
        /// Connections made after the first.
        public let reconnects: Int
        public let commands: Int
        /// Commands without a reply.
        public let inFlight: Int
    }

    private let keeper: ConnectionKeeper
    private var commands = 0
    private var loading: [String: Promise<Void>] = [:]

    /// Prepares each new connection, including the first. Commands can be sent while it runs, by it and by others. After it returns, `isConnected` is
    /// true and `connected(within:)` returns. It must end: until then a lost connection is not replaced.
    public var onConnect: (@ServiceActor (RedisConnectionInfo) async -> Void)?

    /// Called with the seconds from each command to its reply, for a histogram. It must be quick.
    public var onRoundTrip: (@ServiceActor (Double) -> Void)? { didSet { keeper.connection?.onRoundTrip = onRoundTrip } }

    /// Called each time a connection has ended or could not be made, before the wait that follows.
    public var onFailure: (@ServiceActor (RedisError) -> Void)? {
        get { keeper.onFailure }
        set { keeper.onFailure = newValue }
    }

    /// A client that connects when it is run. CLIENT LIST shows `name`.
    public init(url: RedisURL, name: String, options: RedisOptions = RedisOptions()) {
        keeper = ConnectionKeeper(url: url, name: name, options: options)
    }

    /// Keeps the connection until `close` is called or the task is cancelled.
    public func run() async {
        let watch = SentinelWatch(url: keeper.url, options: keeper.options) { [weak self] in self?.move(to: $0, $1) }
        let watching = watch.map { watch in Loop.spawn { await watch.run() } }
        await keeper.run { connection, info in
            connection.onRoundTrip = onRoundTrip
            await onConnect?(info)
        }
        watching?.cancel()
        await watching?.value
    }

    /// Gives the connection to the old master up, as all its callers would have to sooner or later. Several Sentinels tell of one switch.
    private func move(to master: String, _ words: String) {
        guard let connection = keeper.connection, connection.endpoint != master else { return }
        connection.close(RedisError(.connectionLost, "the Sentinels have named another master: \(words)", words: words))
    }

    /// Ends the connection and `run` for good. Commands in flight fail with `.closed`.
    public func close() { keeper.close() }

    /// Whether there is a connection that `onConnect` has prepared.
    public var isConnected: Bool { keeper.isReady }

    /// Whether there is a connection, prepared or not.
    public var hasConnection: Bool { keeper.connection.map { $0.failure == nil } ?? false }

    /// Why there is no connection, or why there was none before the current one.
    public var unavailable: RedisError { keeper.unavailable }

    /// Waits until `isConnected`. Throws `.unavailable` with the last reason after `limit`, or `.closed`.
    public func connected(within limit: Duration) async throws(RedisError) { try await keeper.waitUntilReady(within: limit) }

    /// The counters of this client.
    public var statistics: Statistics {
        Statistics(reconnects: max(0, keeper.connects - 1), commands: commands, inFlight: keeper.connection?.inFlight ?? 0)
    }

    /// Sends a command and returns its reply.
    ///
    /// Throws `.rejected` for an error reply, `.timedOut` after `timeout` (the client's own if nil), and the other codes of `RedisError.Code`. If the
    /// task is cancelled, it throws `.closed` at once. The command may run nevertheless, and its reply is dropped.
    public func send(_ command: [String], timeout: Duration? = nil) async throws(RedisError) -> RedisValue {
        precondition(!command.isEmpty, "a command has a name")
        guard let connection = keeper.connection else { throw keeper.unavailable }
        commands += 1
        return try await connection.send(command, timeout: timeout)
    }

    /// Sends commands at once, all before the first reply, and returns their replies in order. The caller bounds their number.
    ///
    /// Throws as `send` does if not all could be sent. A command that was refused or not answered has its failure among the replies.
    public func send(all commands: [[String]], timeout: Duration? = nil) async throws(RedisError) -> [Result<RedisValue, RedisError>] {
        precondition(commands.allSatisfy { !$0.isEmpty }, "a command has a name")
        guard let connection = keeper.connection else { throw keeper.unavailable }
        self.commands += commands.count
        return try await connection.send(all: commands, timeout: timeout)
    }

    /// Runs a script by its digest. The text is sent only if Redis does not know the digest. Throws as `send` does.
    public func evaluate(
        _ script: RedisScript, keys: [String], arguments: [String], timeout: Duration? = nil
    ) async throws(RedisError) -> RedisValue {
        var command = ["EVALSHA", script.sha, String(keys.count)]
        command.reserveCapacity(3 + keys.count + arguments.count)
        command += keys
        command += arguments
        do {
            return try await send(command, timeout: timeout)
        } catch  where error.code == .rejected("NOSCRIPT") {
            try await load(script)
            return try await send(command, timeout: timeout)
        }
    }

    /// Loads a script. Callers at the same time share one SCRIPT LOAD.
    private func load(_ script: RedisScript) async throws(RedisError) {
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
