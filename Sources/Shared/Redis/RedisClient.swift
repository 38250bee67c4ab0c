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

    /// The only server; in a cluster one that is never connected.
    private let only: RedisNode
    /// The servers of a cluster; nil for one server.
    private let cluster: RedisCluster?

    /// Prepares each new connection, including the first. Commands can be sent while it runs, by it and by others. After it returns, `isConnected` is
    /// true and `connected(within:)` returns. It must end: until then a lost connection is not replaced.
    public var onConnect: (@ServiceActor (RedisConnectionInfo) async -> Void)?

    /// Called with the seconds from each command to its reply, for a histogram. It must be quick.
    public var onRoundTrip: (@ServiceActor (Double) -> Void)? {
        didSet {
            only.onRoundTrip = onRoundTrip
            cluster?.nodes.onRoundTrip = onRoundTrip
        }
    }

    /// Called each time a connection has ended or could not be made, before the wait that follows.
    public var onFailure: (@ServiceActor (RedisError) -> Void)? {
        didSet {
            only.keeper.onFailure = onFailure
            cluster?.nodes.onFailure = onFailure
        }
    }

    /// A client that connects when it is run. CLIENT LIST shows `name`.
    public init(url: RedisURL, name: String, options: RedisOptions = RedisOptions()) {
        only = RedisNode(url: url, name: name, options: options)
        cluster = RedisCluster(url: url, name: name, options: options)
    }

    /// Keeps the connection until `close` is called or the task is cancelled.
    public func run() async {
        if let cluster { return await cluster.run { [unowned self] info in await onConnect?(info) } }
        let watch = SentinelWatch(url: only.keeper.url, options: only.keeper.options) { [weak self] in self?.move(to: $0, $1) }
        let watching = watch.map { watch in Loop.spawn { await watch.run() } }
        await only.run { info in await onConnect?(info) }
        watching?.cancel()
        await watching?.value
    }

    /// Gives the connection to the old master up, as all its callers would have to sooner or later. Several Sentinels tell of one switch.
    private func move(to master: String, _ words: String) {
        guard let connection = only.keeper.connection, connection.endpoint != master else { return }
        connection.close(RedisError(.connectionLost, "the Sentinels have named another master: \(words)", words: words))
    }

    /// Ends the connection and `run` for good. Commands in flight fail with `.closed`.
    public func close() {
        only.keeper.close()
        cluster?.close()
    }

    /// Whether there is a connection that `onConnect` has prepared: in a cluster to one of the masters at least.
    public var isConnected: Bool { cluster?.isReady ?? only.keeper.isReady }

    /// Whether there is a connection, prepared or not.
    public var hasConnection: Bool { cluster?.nodes.hasConnection ?? only.hasConnection }

    /// Why there is no connection, or why there was none before the current one.
    public var unavailable: RedisError { cluster?.unavailable ?? only.keeper.unavailable }

    /// Waits until `isConnected`. Throws `.unavailable` with the last reason after `limit`, or `.closed`.
    public func connected(within limit: Duration) async throws(RedisError) {
        if let cluster { return try await cluster.waitUntilReady(within: limit) }
        try await only.keeper.waitUntilReady(within: limit)
    }

    /// The counters of this client.
    public var statistics: Statistics {
        cluster?.nodes.statistics ?? Statistics(reconnects: only.reconnects, commands: only.commands, inFlight: only.inFlight)
    }

    /// The servers that have keys: all masters of a cluster, or the only server. For commands about a whole server, such as INFO and SCAN.
    public var masters: [RedisNode] { cluster?.nodes.masters ?? [only] }

    /// The server that has a key, as far as is known. Throws if that is not known.
    public func master(of key: String) throws(RedisError) -> RedisNode { try cluster?.node(of: key) ?? only }

    /// Whether there is a connection to the server that has a key.
    public func canReach(_ key: String) -> Bool { (try? master(of: key))?.hasConnection ?? false }

    /// Asks soon where the keys are now: an answer of a master has shown that a key has moved.
    public func refreshMap() { cluster?.topology.outdate() }

    /// Whether the keys are spread over a cluster, so that one command cannot use keys with different hash tags.
    public var isCluster: Bool { cluster != nil }

    /// Sends a command and returns its reply. In a cluster it goes to the master that has its first key.
    ///
    /// Throws `.rejected` for an error reply, `.timedOut` after `timeout` (the client's own if nil), and the other codes of `RedisError.Code`. If the
    /// task is cancelled, it throws `.closed` at once. The command may run nevertheless, and its reply is dropped.
    public func send(_ command: [String], timeout: Duration? = nil) async throws(RedisError) -> RedisValue {
        precondition(!command.isEmpty, "a command has a name")
        if let cluster { return try await cluster.send(command, timeout: timeout) }
        return try await only.connection().send(command, timeout: timeout)
    }

    /// Sends commands at once, all before the first reply, and returns their replies in order. The caller bounds their number.
    ///
    /// Throws as `send` does if not all could be sent. A command that was refused or not answered has its failure among the replies.
    public func send(all commands: [[String]], timeout: Duration? = nil) async throws(RedisError) -> [Result<RedisValue, RedisError>] {
        precondition(commands.allSatisfy { !$0.isEmpty }, "a command has a name")
        if let cluster { return try await cluster.send(all: commands, timeout: timeout) }
        return try await only.connection(for: commands.count).send(all: commands, timeout: timeout)
    }

    /// Runs a script by its digest, in a cluster the form for one. The text is sent only if Redis does not know the digest. Throws as `send` does.
    public func evaluate(
        _ script: RedisScript, keys: [String], arguments: [String], timeout: Duration? = nil
    ) async throws(RedisError) -> RedisValue {
        let script = cluster == nil ? script : script.onCluster
        var command = ["EVALSHA", script.sha, String(keys.count)]
        command.reserveCapacity(3 + keys.count + arguments.count)
        command += keys
        command += arguments
        if let cluster { return try await cluster.send(command, script: script, timeout: timeout) }
        do {
            return try await only.connection().send(command, timeout: timeout)
        } catch  where error.code == .rejected("NOSCRIPT") {
            try await only.load(script)
            return try await only.send(command, timeout: timeout)
        }
    }
}

// MARK: Followers

extension RedisClient {
    /// A connection of its own for blocking commands, to the server that has the key of each.
    public func reader(name: String) -> RedisReader {
        RedisReader(url: only.keeper.url, name: name, options: only.keeper.options, topology: cluster?.topology)
    }

    /// A connection of its own for Pub/Sub; its owner runs it. In a cluster it listens to sharded channels, on a connection to each of their masters.
    public func subscriber(name: String, pingChannel: String) -> RedisSubscriber {
        let cluster = cluster.map { ClusterSubscriber(topology: $0.topology, name: name) }
        return RedisSubscriber(url: only.keeper.url, name: name, pingChannel: pingChannel, options: only.keeper.options, cluster: cluster)
    }
}
