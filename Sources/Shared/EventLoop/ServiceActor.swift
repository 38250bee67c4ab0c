internal import CLibuv

/// The isolation of everything mutable in a service: one actor on the one loop.
@globalActor
public actor ServiceActor {
    /// The actor.
    public static let shared = ServiceActor()

    /// The loop's executor.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { Loop.shared.asUnownedSerialExecutor() }

    /// Runs isolated code in a C callback that the loop's thread has called; traps on any other thread.
    ///
    /// The standard library offers this for `MainActor` and for actor instances, but not for a global actor; the cast is the one it uses itself.
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
    /// Registers work to be done each time before the loop blocks, after all ready jobs have run. Returns an id for `removeBeforeBlocking`.
    @ServiceActor
    public func beforeBlocking(_ body: @escaping @ServiceActor () -> Void) -> Int { storage.addHook(body) }

    /// Removes what `beforeBlocking` registered.
    @ServiceActor
    public func removeBeforeBlocking(_ id: Int) { storage.removeHook(id) }
}
