internal import EventLoop
internal import Glibc
public import Testing

/// Runs a suite's tests on the event loop: `@Suite(.onLoop) @ServiceActor struct …`.
///
/// The loop's thread starts when the trait is made, which is at discovery. If it started later, the hop to the actor would come first and wait for
/// ever. All these tests share the one loop, so only some run at a time: otherwise the tests would disturb each other's measurements of time.
/// A suite that measures fractions of a second has the loop to itself: `@Suite(.aloneOnLoop)`.
///
/// A test has four minutes from the moment when it has its place. With `.timeLimit` the time in which it waits for a place would count too, and that
/// depends on all the others.
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

    private static let places = TestPlaces()
    private let count: Int
    private let limit: Duration

    /// Starts the loop's thread, once in the process. A test takes `count` of the places on the loop and keeps them no longer than `limit`.
    init(count: Int, limit: Duration) {
        _ = Self.thread
        _ = MachineWatch.started
        (self.count, self.limit) = (count, limit)
    }

    /// The tests inside the suite inherit the trait.
    public var isRecursive: Bool { true }

    /// Waits for a place, then runs the test.
    public func provideScope(for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void) async throws {
        await Self.places.enter(count)
        do {
            try await withoutActuallyEscaping(function) { try await withinLimit($0) }
        } catch {
            await Self.places.leave(count)
            throw error
        }
        await Self.places.leave(count)
    }

    /// Runs a test, and cancels it when its time is over. `withDeadline` would not wait until it has ended, and needs a loop that is not blocked.
    private func withinLimit(_ function: @escaping @concurrent @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await function() }
            group.addTask { [limit] in
                try await Task.sleep(for: limit)
                throw DeadlineExceeded(limit: limit)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// A bounded number of places, given in order of arrival. It is an actor of its own, so that it does not depend on the loop.
private actor TestPlaces {
    static let all = 6
    private var free = all
    private var waiting: [(count: Int, turn: CheckedContinuation<Void, Never>)] = []

    func enter(_ count: Int) async {
        guard !waiting.isEmpty || free < count else { return free -= count }
        await withCheckedContinuation { waiting.append((count, $0)) }
    }

    func leave(_ count: Int) {
        free += count
        while let next = waiting.first, free >= next.count {
            free -= next.count
            waiting.removeFirst().turn.resume()
        }
    }
}

extension Trait where Self == OnLoop {
    /// The test runs on the event loop, for four minutes at most.
    public static var onLoop: OnLoop { onLoop(within: .seconds(240)) }
    /// The test runs on the event loop, for four minutes at most, while no other does.
    public static var aloneOnLoop: OnLoop { OnLoop(count: TestPlaces.all, limit: .seconds(240)) }

    /// The test runs on the event loop, for no longer than `limit`.
    public static func onLoop(within limit: Duration) -> OnLoop { OnLoop(count: 1, limit: limit) }
}
