import EventLoop
import Testing

@testable import RouterService

/// Tests how often previews may ask the venues. 20 a minute: one each 3 s.
@Suite struct PreviewBudgetTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    private func isTaken(_ budget: inout PreviewBudget, by caller: String, after seconds: Int) -> Bool {
        budget.take(by: caller, at: start + .seconds(seconds)) == nil
    }

    @Test func `a budget lets a few through at once, then one each interval`() {
        var budget = PreviewBudget(perMinute: 60)
        func at(_ seconds: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: 1_000_000_000_000 + seconds * 1_000_000_000) }
        var waits: [Duration?] = []
        for second in [0, 0, 0, 0, 0, 0, 1, 1, 100, 100, 100, 100, 100, 100] as [UInt64] { waits.append(budget.take(by: "a", at: at(second))) }
        let second: Duration? = .seconds(1)
        #expect(waits == [nil, nil, nil, nil, nil, second, nil, second, nil, nil, nil, nil, nil, second])
    }

    @Test func `who asks much leaves two for others, and loses nothing while nobody else asks`() {
        var budget = PreviewBudget(perMinute: 20)
        // A caller who asks all the time: 5 at once, then one each 3 s.
        let had = (0...60).count { isTaken(&budget, by: "much", after: $0) }
        #expect((20...24).contains(had), "\(had)")
        #expect(!isTaken(&budget, by: "much", after: 60))
        #expect(isTaken(&budget, by: "b", after: 60) && isTaken(&budget, by: "c", after: 60) && !isTaken(&budget, by: "d", after: 60))
    }

    @Test func `after a minute a caller who asked much is one who asks little`() {
        var budget = PreviewBudget(perMinute: 20)
        for _ in 0..<5 { _ = isTaken(&budget, by: "a", after: 0) }
        #expect((0..<5).allSatisfy { _ in isTaken(&budget, by: "a", after: 61) })
    }

    @Test func `a small budget is for everybody`() {
        var budget = PreviewBudget(perMinute: 2)
        #expect(isTaken(&budget, by: "a", after: 0) && isTaken(&budget, by: "a", after: 0) && !isTaken(&budget, by: "b", after: 0))
    }

    @Test func `the callers that are told apart are bounded, and those of long ago are forgotten`() {
        var budget = PreviewBudget(perMinute: 100_000)
        for number in 0..<1000 { _ = budget.take(by: "\(number)", at: start + .milliseconds(number)) }
        // Three at once are for everybody, two for those who ask little, and a new caller is none of these now.
        let now = start + .seconds(2)
        #expect((0..<4).map { _ in budget.take(by: "new", at: now) == nil } == [true, true, true, false])
        let later = start + .seconds(100)
        #expect((0..<6).map { _ in budget.take(by: "other", at: later) == nil } == [true, true, true, true, true, false])
    }
}
