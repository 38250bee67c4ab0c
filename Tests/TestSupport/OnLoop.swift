internal import EventLoop
internal import Glibc
public import Testing

/// Runs a suite's tests on the event loop: `@Suite(.onLoop) @ServiceActor struct …`.
///
/// The loop's thread starts when the trait is made, which is at discovery. If it started later, the hop to the actor would come first and wait for
/// ever. All these tests share the one loop, so only some run at a time: otherwise the tests would disturb each other's measurements of time.
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

    /// The tests inside the suite inherit the trait.
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

/// A bounded number of places, given in order of arrival. It is an actor of its own, so that it does not depend on the loop.
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

    func leave() { if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() } }
}

extension Trait where Self == OnLoop {
    /// The test runs on the event loop.
    public static var onLoop: OnLoop { OnLoop() }
}
