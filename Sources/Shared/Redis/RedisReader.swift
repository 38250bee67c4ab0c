public import Configuration
public import EventLoop

/// A connection to Redis for one blocking command at a time, such as XREADGROUP with BLOCK. On a shared connection it would hold back all others.
///
/// It connects when it is needed. If a command is given up, its connection is closed, so that Redis gives nothing to a reader that has gone.
@ServiceActor
public final class RedisReader: RedisFollower {
    private let url: RedisURL
    private let name: String
    private let options: RedisOptions
    private var connection: RedisConnection?
    private var isBusy = false
    private var isClosed = false
    private var attempts = 0
    private let topology: ClusterTopology?
    /// The node that another node has named for the reader's key; nil where the map decides. To a key on its way there every command needs ASKING.
    private var named: (node: RedisURL.Host, isAsking: Bool)?

    /// A reader that is not connected yet. CLIENT LIST shows `name`.
    public convenience init(url: RedisURL, name: String, options: RedisOptions = RedisOptions()) {
        self.init(url: url, name: name, options: options, topology: nil)
    }

    /// In the cluster of `topology` the reader goes to the master that has the key of its command. All its commands have keys of one slot.
    init(url: RedisURL, name: String, options: RedisOptions, topology: ClusterTopology?) {
        self.url = url
        self.name = name
        self.options = options
        self.topology = topology
    }

    isolated deinit { connection?.close(.closed) }

    /// Sends a command, and connects first if necessary. `timeout` is for the reply alone and must be longer than the command blocks.
    ///
    /// Throws as `RedisClient.send` does, `.overloaded` while another command is in flight, and at once if the task is cancelled. After any failure
    /// except an error reply, the connection is closed. The caller must wait between attempts.
    public func send(_ command: [String], timeout: Duration) async throws(RedisError) -> RedisValue {
        precondition(!command.isEmpty, "a command has a name")
        if isClosed { throw .closedBefore }
        guard !isBusy else { throw RedisError(.overloaded, "the reader of Redis is busy with another command") }
        isBusy = true
        defer { isBusy = false }
        let connection = try await open(for: command)
        do {
            guard named?.isAsking == true else { return try await connection.send(command, timeout: timeout) }
            return try await connection.send(all: [["ASKING"], command], timeout: timeout)[1].get()
        } catch {
            let isElsewhere = moves(after: error, at: connection.url.hostName)
            if error.rejection == nil || isElsewhere { connection.close(error) }
            throw error
        }
    }

    /// Notes what an error says about the node that has the key. Returns whether it is not the one that was asked. The next command goes there.
    private func moves(after error: RedisError, at asked: String) -> Bool {
        guard let topology else { return false }
        named = nil
        switch Redirection(error, asked: asked) {
        case .moved(let host): named = (host, false)
        case .ask(let host): named = (host, true)
        case .wait: break
        // A reader that waits is told that its stream has gone: with its slot to another node, or for good.
        case nil: guard error.rejection == nil || error.rejection == "UNBLOCKED" else { return false }
        }
        topology.outdate()
        return true
    }

    /// Gives the current connection up. The next command looks the address up again, where another server may be.
    public func reconnect() { connection?.close(RedisError(.connectionLost, "the reader looks its address up again")) }

    /// Ends the connection for good. A command in flight fails with `.closed`.
    public func close() {
        isClosed = true
        connection?.close(.closed)
    }

    private func open(for command: [String]) async throws(RedisError) -> RedisConnection {
        if let connection, connection.failure == nil { return connection }
        let place = named.map { url.node($0.node) } ?? topology?.node(of: CommandKey.first(of: command)) ?? url
        let connection = RedisConnection(url: place, name: name, options: options, turn: attempts)
        attempts += 1
        self.connection = connection
        do {
            _ = try await connection.open()
        } catch {
            // The node that was named may have gone since.
            named = nil
            topology?.outdate()
            throw error
        }
        return connection
    }
}
