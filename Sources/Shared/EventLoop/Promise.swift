/// A value that comes later, once. Any number of tasks may wait for it; a waiter that is cancelled stops waiting.
@ServiceActor
public final class Promise<Value: Sendable> {
    private var result: Result<Value, any Error>?
    private var waiters: [Int: UnsafeContinuation<Value, any Error>] = [:]
    private var nextWaiter = 0

    /// A promise without a value.
    public init() {}

    /// Whether the value is there.
    public var isCompleted: Bool { result != nil }

    /// Gives the value. Only the first call counts; returns whether this was it.
    @discardableResult
    public func complete(_ result: Result<Value, any Error>) -> Bool {
        guard self.result == nil else { return false }
        self.result = result
        let waiting = waiters
        waiters.removeAll()
        for (_, continuation) in waiting { continuation.resume(with: result) }
        return true
    }

    /// Gives the value of a success.
    @discardableResult
    public func succeed(_ value: Value) -> Bool { complete(.success(value)) }

    /// Gives a failure.
    @discardableResult
    public func fail(_ error: any Error) -> Bool { complete(.failure(error)) }

    /// Waits for the value. Throws what it failed with, or `CancellationError`.
    public var value: Value {
        get async throws {
            if let result { return try result.get() }
            nextWaiter += 1
            return try await wait(as: nextWaiter)
        }
    }

    /// Waits for the value at most `limit`. Throws `DeadlineExceeded` after it.
    public func value(within limit: Duration) async throws -> Value {
        if let result { return try result.get() }
        nextWaiter += 1
        let waiter = nextWaiter
        let timer = LoopTimer()
        timer.start(after: limit) { self.resume(waiter, throwing: DeadlineExceeded(limit: limit)) }
        defer { timer.stop() }
        return try await wait(as: waiter)
    }

    private func wait(as waiter: Int) async throws -> Value {
        try await withTaskCancellationHandler {
            // In here, because the handler of a task that is cancelled already runs before this and finds no waiter.
            try Task.checkCancellation()
            return try await withUnsafeThrowingContinuation { waiters[waiter] = $0 }
        } onCancel: {
            Loop.perform { self.resume(waiter, throwing: CancellationError()) }
        }
    }

    private func resume(_ waiter: Int, throwing error: any Error) {
        waiters.removeValue(forKey: waiter)?.resume(throwing: error)
    }
}
