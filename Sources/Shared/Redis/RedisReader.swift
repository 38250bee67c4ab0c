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

    /// A reader that is not connected yet. CLIENT LIST shows `name`.
    public init(url: RedisURL, name: String, options: RedisOptions = RedisOptions()) {
        self.url = url
        self.name = name
        self.options = options
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
        let connection = try await open()
        do {
            return try await connection.send(command, timeout: timeout)
        } catch {
            if error.rejection == nil { connection.close(error) }
            throw error
        }
    }

    /// Gives the current connection up. The next command looks the address up again, where another server may be.
    public func reconnect() { connection?.close(RedisError(.connectionLost, "the reader looks its address up again")) }

    /// Ends the connection for good. A command in flight fails with `.closed`.
    public func close() {
        isClosed = true
        connection?.close(.closed)
    }

    private func open() async throws(RedisError) -> RedisConnection {
        if let connection, connection.failure == nil { return connection }
        let connection = RedisConnection(url: url, name: name, options: options, turn: attempts)
        attempts += 1
        self.connection = connection
        _ = try await connection.open()
        return connection
    }
}
