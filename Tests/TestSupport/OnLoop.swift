internal import EventLoop
internal import Glibc
public import Testing

/// Runs a suite's tests on the event loop: `@Suite(.onLoop) @ServiceActor struct …`.
///
/// The loop's thread is started when the trait is made, at discovery: started later, the hop to the actor would come first and wait for ever.
/// All these tests share the one loop, so only some run at a time: what each measures of time is then its own.
public struct OnLoop: SuiteTrait, TestTrait, TestScoping {
    private static let thread: Void = {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                Loop.shared.runForever()
                return nil
            }, nil)
        pthread_detach(thread)
    }()

    private static let places = TestPlaces(count: 6)

    /// Starts the loop's thread, once in the process.
    public init() { _ = Self.thread }

    /// Inherited by what the suite contains.
    public var isRecursive: Bool { true }

    /// Waits for a place, then runs the test.
    public func provideScope(for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void) async throws {
        await Self.places.enter()
        do {
            try await function()
        } catch {
            await Self.places.leave()
            throw error
        }
        await Self.places.leave()
    }
}

/// A bounded number of places, given in order of arrival. An actor of its own: it belongs to the tests, whatever the loop does.
private actor TestPlaces {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) { free = count }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

extension Trait where Self == OnLoop {
    /// The test runs on the event loop.
    public static var onLoop: OnLoop { OnLoop() }
}
