public import Configuration
public import EventLoop

/// A connection to Redis for one blocking command at a time, such as XREADGROUP with BLOCK, which would hold back all others behind it.
///
/// It connects when it is needed. A command that is given up takes the connection with it, so that Redis gives nothing to a reader that is gone.
@ServiceActor
public final class RedisReader {
    private let url: RedisURL
    private let name: String
    private let options: RedisOptions
    private var connection: RedisConnection?
    private var isBusy = false
    private var isClosed = false
    private var attempts = 0

    /// A reader that is not connected; `name` is what CLIENT LIST shows.
    public init(url: RedisURL, name: String, options: RedisOptions = RedisOptions()) {
        self.url = url
        self.name = name
        self.options = options
    }

    isolated deinit { connection?.close(.closed) }

    /// Sends a command, and connects before that if necessary. `timeout` is for the reply alone and has to be longer than the command blocks.
    ///
    /// Throws as `RedisClient.send` does, `.overloaded` while another command is under way, and at once when the task is cancelled. After `.timedOut`
    /// and a cancellation the connection is dropped. The caller pauses between attempts.
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

    /// Ends the connection; a command that is under way fails with `.closed`. For good.
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
