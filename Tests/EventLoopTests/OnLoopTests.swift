import EventLoop
import TestSupport
import Testing

/// Tests how long a test may keep its place on the loop.
struct OnLoopTests {
    private func run(_ trait: OnLoop, _ body: @concurrent @Sendable () async throws -> Void) async throws {
        try await trait.provideScope(for: #require(Test.current), testCase: nil, performing: body)
    }

    @Test func `a test that is too long is cancelled, and fails`() async {
        await #expect(throws: DeadlineExceeded.self) { try await run(.onLoop(within: .milliseconds(20))) { try await Task.sleep(for: .seconds(60)) } }
    }

    @Test func `the time that a test waits for its place is not its own`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (hasAll, all) = AsyncStream.makeStream(of: Void.self)
            group.addTask {
                try await run(.aloneOnLoop) {
                    all.finish()
                    try await Task.sleep(for: .milliseconds(400))
                }
            }
            for await _ in hasAll {}
            try await run(.onLoop(within: .milliseconds(200))) {}
            try await group.waitForAll()
        }
    }

    @Test func `what a test throws is its failure`() async {
        await #expect(throws: TestFailure.self) { try await run(.onLoop) { throw TestFailure("wrong") } }
    }
}
