internal import Configuration
internal import EventLoop

/// Keeps one connection open: opens it, serves it until it ends, waits, and opens the next.
@ServiceActor
final class ConnectionKeeper {
    private static let provenAfter = Duration.seconds(1)

    let url: RedisURL
    let name: String
    let options: RedisOptions
    private var current: RedisConnection?
    private let pause = LoopSignal()
    private var backoff: Backoff
    private var ready = Promise<Void>()
    private var lastError: RedisError?
    private var isClosed = false
    private var attempts = 0

    /// The connection on which commands can be sent.
    private(set) var connection: RedisConnection?
    /// The number of connections made so far.
    private(set) var connects = 0
    /// Called when a connection has ended or could not be made.
    var onFailure: (@ServiceActor (RedisError) -> Void)?
    /// Called when a connection is prepared.
    var onReady: (@ServiceActor () -> Void)?

    init(url: RedisURL, name: String, options: RedisOptions) {
        self.url = url
        self.name = name
        self.options = options
        backoff = Backoff(first: options.minBackoff, max: options.maxBackoff)
    }

    /// Whether the current connection is prepared.
    var isReady: Bool { connection != nil && ready.isCompleted }

    /// Whether nothing is known of the server yet: the first connection is being made.
    var isNew: Bool { connects == 0 && lastError == nil && !isClosed }

    /// Why there is no connection.
    var unavailable: RedisError {
        if isClosed { return .closedBefore }
        guard let lastError else { return RedisError(.unavailable, "not connected to Redis at \(url.endpoint) yet") }
        return RedisError(.unavailable, "Redis is not available: \(lastError)", words: lastError.words)
    }

    /// Keeps a connection until `close`, or until the task is cancelled. `prepare` prepares each connection; then it is ready.
    func run(_ prepare: @ServiceActor (RedisConnection, RedisConnectionInfo) async -> Void) async {
        await withTaskCancellationHandler {
            while !isClosed && !Task.isCancelled {
                let failure = await serve(prepare)
                if isClosed { break }
                lastError = failure
                onFailure?(failure)
                _ = try? await pause.wait(upTo: backoff.next())
            }
        } onCancel: {
            Loop.perform { self.close() }
        }
    }

    /// Waits until a connection is ready. Throws `.unavailable` after `limit`, or `.closed`.
    func waitUntilReady(within limit: Duration) async throws(RedisError) {
        if isClosed { throw .closedBefore }
        do {
            try await ready.value(within: limit)
        } catch {
            throw error is DeadlineExceeded ? unavailable : RedisError(waiting: error)
        }
    }

    /// Ends the connection and `run`.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        current?.close(.closed)
        ready.fail(RedisError.closedBefore)
        pause.notify()
    }

    private func serve(_ prepare: @ServiceActor (RedisConnection, RedisConnectionInfo) async -> Void) async -> RedisError {
        let connection = RedisConnection(url: url, name: name, options: options, turn: attempts)
        attempts += 1
        current = connection
        defer { current = nil }
        do throws(RedisError) {
            var info = try await connection.open()
            info.isFirst = connects == 0
            connects += 1
            self.connection = connection
            await prepare(connection, info)
            if connection.failure == nil {
                ready.succeed(())
                onReady?()
            }
        } catch {
            return error
        }
        let start = MonotonicInstant.now
        let failure = await connection.waitForEnd()
        // The connection is still open only if the wait was cancelled.
        connection.close(failure)
        // A connection that ends as soon as it is made does not reset the backoff.
        if start.elapsed > Self.provenAfter { backoff.reset() }
        self.connection = nil
        if ready.isCompleted && !isClosed { ready = Promise() }
        return failure
    }
}
