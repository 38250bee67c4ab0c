internal import EventLoop
internal import Glibc
public import Testing

/// Runs a suite's tests on the event loop: `@Suite(.onLoop) @ServiceActor struct …`.
///
/// The loop's thread is started when the trait is made, at discovery: started later, the hop to the actor would come first and wait for ever.
public struct OnLoop: SuiteTrait, TestTrait {
    private static let thread: Void = {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                Loop.shared.runForever(); return nil
            }, nil)
        pthread_detach(thread)
    }()

    /// Starts the loop's thread, once in the process.
    public init() { _ = Self.thread }

    /// Inherited by what the suite contains.
    public var isRecursive: Bool { true }
}

extension Trait where Self == OnLoop {
    /// The test runs on the event loop.
    public static var onLoop: OnLoop { OnLoop() }
}
