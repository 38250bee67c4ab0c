import EventLoop
import Testing

@testable import Venues

struct LookPolicyTests {
    private let policy = LookPolicy()
    private let now = MonotonicInstant(nanoseconds: 5_000_000_123)

    /// The wait until a look.
    private func wait(dueAfter due: Duration) -> Duration { policy.look(dueAfter: due, at: now) - now }

    private func wait(afterFruitless count: Int, jitter: (Duration) -> Duration = { _ in .zero }) -> Duration {
        policy.look(afterFruitless: count, at: now, jitter: jitter) - now
    }

    @Test(arguments: [0, 1, 2, 50, 300, 999])
    func `what is due soon is looked at then, neither earlier nor later`(milliseconds: Int) {
        #expect(wait(dueAfter: .milliseconds(milliseconds)) == .milliseconds(milliseconds))
    }

    @Test func `what is due later is looked at together with others, at most 16 ms after it is due`() {
        var moments: Set<UInt64> = []
        for microseconds in stride(from: 2_500_000, to: 2_600_000, by: 250) {
            let moment = policy.look(dueAfter: .microseconds(microseconds), at: now)
            #expect((Duration.zero..<Duration.milliseconds(16)).contains(moment - (now + .microseconds(microseconds))))
            moments.insert(moment.nanoseconds)
        }
        #expect((6...8).contains(moments.count), "400 transactions of 100 ms")
    }

    @Test(arguments: [Duration.seconds(11), .seconds(3_600), .seconds(Int64.max / 2_000_000_000)])
    func `whatever the chain says, it is asked again after ten seconds`(due: Duration) {
        #expect((Duration.seconds(10)...Duration.milliseconds(10_016)).contains(wait(dueAfter: due)))
    }

    @Test func `a time that is over is now`() { #expect(wait(dueAfter: .seconds(-5)) == .zero) }

    @Test func `where nobody can tell, each look that finds nothing doubles the wait, from 100 ms to a second`() {
        #expect((1...7).map { wait(afterFruitless: $0) } == [100, 200, 400, 800, 1000, 1000, 1000].map { .milliseconds($0) })
        #expect(wait(afterFruitless: .max) == .seconds(1) && wait(afterFruitless: .min) == .milliseconds(100))
    }

    @Test func `up to half of such a wait is left to chance`() {
        var asked: [Duration] = []
        let wait = wait(afterFruitless: 3) { limit in
            asked.append(limit)
            return .milliseconds(150)
        }
        #expect(wait == .milliseconds(250) && asked == [.milliseconds(200)])
    }
}
