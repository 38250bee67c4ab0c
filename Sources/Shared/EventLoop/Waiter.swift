/// One task that waits for one result. The result may come before the wait begins. Cancelling the task ends the wait.
///
/// A task without the loop's executor preference is enqueued again on its way into a continuation. So other code may run between the task's last step
/// and the moment when it can be resumed. A result that comes in that gap is kept here.
///
/// Inlinable, as `Promise` is.
@ServiceActor
public final class Waiter<Value: Sendable, Failure: Error> {
    @usableFromInline
    var continuation: UnsafeContinuation<Result<Value, Failure>, Never>?
    @usableFromInline
    var result: Result<Value, Failure>?

    /// A waiter without a result.
    @inlinable
    public init() {}

    /// Gives the result. Only the first call counts.
    @inlinable
    public func complete(_ result: Result<Value, Failure>) {
        guard self.result == nil else { return }
        self.result = result
        continuation?.resume(returning: result)
        continuation = nil
    }

    /// Waits for the result, once. Throws its failure, or `cancellation` if the task is cancelled first.
    @inlinable
    public func value(orWhenCancelled cancellation: Failure) async throws(Failure) -> Value {
        try await outcome(orWhenCancelled: cancellation).get()
    }

    /// Waits for the result, once. It is `cancellation` if the task is cancelled first.
    @inlinable
    public func outcome(orWhenCancelled cancellation: Failure) async -> Result<Value, Failure> {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if let result = self.result { continuation.resume(returning: result) } else { self.continuation = continuation }
            }
        } onCancel: {
            Loop.perform { self.complete(.failure(cancellation)) }
        }
    }
}
