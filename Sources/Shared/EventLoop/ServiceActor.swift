internal import CLibuv

/// Isolates all mutable state of a service: one actor on the one loop.
@globalActor
public actor ServiceActor {
    public static let shared = ServiceActor()

    public nonisolated var unownedExecutor: UnownedSerialExecutor { Loop.shared.asUnownedSerialExecutor() }

    /// Runs isolated code in a C callback on the loop's thread. Traps on any other thread.
    ///
    /// The standard library offers this for `MainActor` and for actor instances, but not for a global actor. It uses the same cast itself.
    @inline(__always)
    public static nonisolated func assume<Argument, Value: Sendable>(
        _ argument: Argument, _ body: @ServiceActor (Argument) throws -> Value
    ) rethrows -> Value {
        precondition(Loop.isCurrent, "called outside the event loop")
        return try withoutActuallyEscaping(body) { escaping in
            try unsafeBitCast(escaping, to: ((Argument) throws -> Value).self)(argument)
        }
    }
}

extension Loop {
    /// Registers work that runs each time before the loop blocks, after all ready jobs. Returns an id for `removeBeforeBlocking`.
    @ServiceActor
    public func beforeBlocking(_ body: @escaping @ServiceActor () -> Void) -> Int { storage.addHook(body) }

    /// Removes work that `beforeBlocking` registered.
    @ServiceActor
    public func removeBeforeBlocking(_ id: Int) { storage.removeHook(id) }
}
