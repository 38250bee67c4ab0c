/// A value that is given later, once. Any number of tasks may wait for it. A waiting task that is cancelled stops waiting.
@ServiceActor
public final class Promise<Value: Sendable> {
    private var result: Result<Value, any Error>?
    private var waiters: [Int: Waiter<Value, any Error>] = [:]
    private var nextID = 0

    /// A promise without a value.
    public init() {}

    /// Whether the value was given.
    public var isCompleted: Bool { result != nil }

    /// Gives the result. Only the first call counts. Returns whether this was the first.
    @discardableResult
    public func complete(_ result: Result<Value, any Error>) -> Bool {
        guard self.result == nil else { return false }
        self.result = result
        let waiting = waiters
        waiters.removeAll()
        for (_, waiter) in waiting { waiter.complete(result) }
        return true
    }

    /// Gives the value of a success.
    @discardableResult
    public func succeed(_ value: Value) -> Bool { complete(.success(value)) }

    @discardableResult
    public func fail(_ error: any Error) -> Bool { complete(.failure(error)) }

    /// Waits for the value. Throws the promise's failure, or `CancellationError`.
    public var value: Value { get async throws { try await wait(as: Waiter()) } }

    /// Waits for the value for at most `limit`. Throws `DeadlineExceeded` after that.
    public func value(within limit: Duration) async throws -> Value {
        let waiter = Waiter<Value, any Error>()
        let timer = LoopTimer()
        timer.start(after: limit) { waiter.complete(.failure(DeadlineExceeded(limit: limit))) }
        defer { timer.stop() }
        return try await wait(as: waiter)
    }

    private func wait(as waiter: Waiter<Value, any Error>) async throws -> Value {
        // Checked here and not by the callers: the call may suspend a task that has no executor preference.
        if let result { return try result.get() }
        nextID += 1
        let id = nextID
        waiters[id] = waiter
        defer { waiters[id] = nil }
        return try await waiter.value(orWhenCancelled: CancellationError())
    }
}
