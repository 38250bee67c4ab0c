import EventLoop
import TestSupport
import Testing

@testable import HTTP

/// Which clients send too much in a second. At most three are allowed here.
@Suite(.onLoop) @ServiceActor
struct SecondCountTests {
    /// The answers for what comes at these moments, in milliseconds.
    private func answers(_ moments: [UInt64]) -> [Bool] {
        var count = SecondCount()
        return moments.map { count.isOver(3, at: MonotonicInstant(nanoseconds: $0 * 1_000_000)) }
    }

    @Test func `the first one over the limit is found, and all that come after it in the second`() {
        #expect(answers([5000, 5000, 5001, 5002, 5999]) == [false, false, false, true, true])
    }

    @Test func `a second begins with the first that comes`() {
        #expect(answers([5000, 5900, 5950, 6000, 6001, 6002, 6003]) == [false, false, false, false, false, false, true])
    }

    @Test func `as many as are allowed in each second are never over`() {
        #expect(!answers((0..<40).map { $0 * 334 }).contains(true))
    }

    @Test func `what came long ago does not count`() {
        #expect(answers([0, 60_000, 120_000, 180_000, 180_000, 180_000, 180_000]) == [false, false, false, false, false, false, true])
    }
}
