/// A value that is given later, once. Any number of tasks may wait for it. A waiting task that is cancelled stops waiting.
///
/// Inlinable, because most steps of an order wait for one: a copy for each kind of value needs no metadata at run time.
@ServiceActor
public final class Promise<Value: Sendable> {
    @usableFromInline
    var result: Result<Value, any Error>?
    /// Most promises have one waiter, who needs no table.
    @usableFromInline
    var first: Waiter<Value, any Error>?
    @usableFromInline
    var others: [ObjectIdentifier: Waiter<Value, any Error>] = [:]

    /// A promise without a value.
    @inlinable
    public init() {}

    /// Whether the value was given.
    @inlinable
    public var isCompleted: Bool { result != nil }

    /// Gives the result. Only the first call counts. Returns whether this was the first.
    @inlinable
    @discardableResult
    public func complete(_ result: Result<Value, any Error>) -> Bool {
        guard self.result == nil else { return false }
        self.result = result
        first?.complete(result)
        first = nil
        for waiter in others.values { waiter.complete(result) }
        others.removeAll()
        return true
    }

    /// Gives the value of a success.
    @inlinable
    @discardableResult
    public func succeed(_ value: Value) -> Bool { complete(.success(value)) }

    @inlinable
    @discardableResult
    public func fail(_ error: any Error) -> Bool { complete(.failure(error)) }

    /// Waits for the value. Throws the promise's failure, or `CancellationError`.
    @inlinable
    public var value: Value { get async throws { try await wait(as: Waiter()) } }

    /// Waits for the value for at most `limit`. Throws `DeadlineExceeded` after that.
    @inlinable
    public func value(within limit: Duration) async throws -> Value {
        if let result { return try result.get() }
        let waiter = Waiter<Value, any Error>()
        let timer = LoopTimer()
        timer.start(after: limit) { waiter.complete(.failure(DeadlineExceeded(limit: limit))) }
        defer { timer.stop() }
        return try await wait(as: waiter)
    }

    @inlinable
    func wait(as waiter: Waiter<Value, any Error>) async throws -> Value {
        // Checked here and not by the callers: the call may suspend a task that has no executor preference.
        if let result { return try result.get() }
        if first == nil { first = waiter } else { others[ObjectIdentifier(waiter)] = waiter }
        defer { forget(waiter) }
        return try await waiter.value(orWhenCancelled: CancellationError())
    }

    @inlinable
    func forget(_ waiter: Waiter<Value, any Error>) {
        if first === waiter { first = nil } else if !others.isEmpty { others[ObjectIdentifier(waiter)] = nil }
    }
}
