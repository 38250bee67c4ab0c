import EventLoop
import Orders
import TestSupport
import Testing

@testable import Venues

struct FollowPlanTests {
    /// A plan that questions can change in the middle of an expectation.
    private final class Held {
        var plan = FollowPlan()
    }

    private let held = Held()
    private var plan: FollowPlan { held.plan }
    private let landed = TransactionOutcome.landed(amountOut: BaseUnits(1))

    private func at(_ milliseconds: Int) -> MonotonicInstant { MonotonicInstant(nanoseconds: 1_000_000_000_000 + UInt64(milliseconds) * 1_000_000) }

    /// Takes out what is due, as text.
    private func take(_ milliseconds: Int, upTo limit: Int = 100) -> [String] {
        held.plan.take(at: at(milliseconds), upTo: limit).map { "\($0.errand) \($0.id)" }
    }

    @discardableResult
    private func note(_ report: TransactionReport, of id: FollowPlan.ID, _ milliseconds: Int) -> TransactionOutcome? {
        held.plan.note(report, of: id, at: at(milliseconds)) { _ in .zero }
    }

    /// Milliseconds until the chain is asked next; nil if it is not.
    private func next() -> Int? { held.plan.nextErrand().map { Int(($0 - at(0)) / .milliseconds(1)) } }

    /// Follows a transaction that was sent at 0.
    private func sent(_ report: TransactionReport) -> FollowPlan.ID {
        let id = held.plan.follow(at: at(0))
        _ = take(0)
        note(report, of: id, 0)
        return id
    }

    @Test func `a transaction is sent at once, looked at when it is due and not before, and done with its outcome`() {
        let id = held.plan.follow(at: at(0))
        #expect(take(0) == ["send 1"] && take(0) == [] && next() == nil, "while the chain is being asked, nothing is to be done")
        #expect(note(.onItsWay(due: .milliseconds(700)), of: id, 5) == nil)
        #expect(next() == 705 && take(704) == [] && take(705) == ["look 1"])
        #expect(note(.settled(landed), of: id, 706) == landed)
        #expect(next() == nil && plan.count == 0)
        #expect(note(.settled(landed), of: id, 707) == nil, "an outcome comes once")
    }

    @Test func `thousands under way cost nothing until they are due, then come out in the order of their moments, as many as asked for`() {
        for number in 1...5000 {
            let id = held.plan.follow(at: at(0))
            _ = take(0)
            note(.onItsWay(due: .milliseconds(900 - number % 100)), of: id, 0)
        }
        #expect(next() == 801 && take(800) == [])
        let first = take(801, upTo: 30)
        #expect(first.count == 30 && Set(first).isSubset(of: Set((0..<50).map { "look \($0 * 100 + 99)" })))
        #expect(take(801).count == 20 && take(801) == [] && next() == 802)
        #expect(take(900, upTo: 10_000).count == 4950 && next() == nil && plan.count == 5000)
    }

    @Test func `a chain that says early is asked again when it says, as often as it says`() {
        let id = sent(.onItsWay(due: .milliseconds(100)))
        // A clock that was set back: the time of the chain goes more slowly than ours.
        for round in 0..<50 {
            #expect(take(100 + round * 40) == ["look \(id)"])
            note(.onItsWay(due: .milliseconds(40)), of: id, 100 + round * 40)
        }
        #expect(next() == 2100)
    }

    @Test func `where the chain cannot tell, it is asked after waits that double to a second; once it can, when it says`() {
        let id = sent(.onItsWay(due: nil))
        var now = 0
        for wait in [100, 200, 400, 800, 1000, 1000] {
            now += wait
            #expect(next() == now && take(now) == ["look \(id)"])
            note(.onItsWay(due: nil), of: id, now)
        }
        note(.settled(landed), of: id, now)
        let other = sent(.onItsWay(due: nil))
        _ = take(100)
        note(.onItsWay(due: .milliseconds(30)), of: other, 100)
        #expect(next() == 130)
        _ = take(130)
        note(.onItsWay(due: nil), of: other, 130)
        #expect(next() == 230, "the waits begin anew")
    }

    @Test func `a chain that says now and is not ready is asked after waits that double, once it has been asked at once`() {
        let id = sent(.onItsWay(due: .zero))
        var now = 0
        for (wait, due) in [(0, 0), (100, 0), (200, -3), (400, 0), (800, -70), (1000, 0), (1000, 30), (30, 0), (100, 0)] {
            now += wait
            #expect(next() == now && take(now) == ["look \(id)"])
            note(.onItsWay(due: .milliseconds(due)), of: id, now)
        }
        #expect(next() == now + 200, "the waits have begun anew with an answer that named a time")
    }

    @Test func `without a trace for two seconds the same transaction is sent again, and not before`() {
        let id = sent(.onItsWay(due: nil))
        var sends: [Int] = []
        for _ in 0..<200 {
            guard sends.count < 3, let now = next() else { break }
            for errand in take(now) {
                if errand == "send \(id)" { sends.append(now) }
                note(errand == "send \(id)" ? .onItsWay(due: nil) : .unknown, of: id, now)
            }
        }
        #expect(sends == [2000, 4000, 6000])
    }

    @Test func `a trace puts off the sending again`() {
        let id = sent(.onItsWay(due: .milliseconds(900)))
        _ = take(900)
        note(.onItsWay(due: .milliseconds(900)), of: id, 900)
        _ = take(1800)
        note(.unknown, of: id, 1800)
        for _ in 0..<200 {
            guard let now = next(), take(now) == ["look \(id)"] else { break }
            note(.unknown, of: id, now)
        }
        #expect(take(2900) == [])
        note(.onItsWay(due: .zero), of: id, 2900)
        #expect(next() == 2900)
    }

    @Test func `while the chain is away the same is asked again after waits that double, and nothing is decided`() {
        let id = held.plan.follow(at: at(0))
        for (now, wait) in [(0, 100), (100, 200), (300, 400), (700, 800), (1500, 1000), (2500, 1000)] {
            #expect(take(now) == ["send \(id)"])
            #expect(note(.unavailable, of: id, now) == nil)
            #expect(next() == now + wait)
        }
        _ = take(3500)
        note(.onItsWay(due: .milliseconds(100)), of: id, 3500)
        for now in [3600, 3700] {
            #expect(take(now) == ["look \(id)"], "the first wait is short again, and nothing is sent because the chain was away")
            note(.unavailable, of: id, now)
        }
    }

    @Test func `the bell brings the next look forward, also if it rings during one, but never a send`() {
        let id = held.plan.follow(at: at(0))
        held.plan.ring(id, at: at(0))
        #expect(take(0) == ["send \(id)"])
        held.plan.ring(id, at: at(0))
        note(.onItsWay(due: .milliseconds(900)), of: id, 0)
        #expect(next() == 900, "what rings before it is sent is another's")
        held.plan.ring(id, at: at(50))
        #expect(take(50) == ["look \(id)"])
        held.plan.ring(id, at: at(51))
        note(.onItsWay(due: .milliseconds(900)), of: id, 52)
        #expect(take(52) == ["look \(id)"], "the answer may be older than the bell")
        note(.onItsWay(due: .milliseconds(900)), of: id, 53)
        #expect(next() == 953)
        held.plan.ring(77, at: at(60))
        #expect(next() == 953)
    }

    @Test func `what is forgotten is not asked for any more, and a report of it changes nothing`() {
        let (first, second) = (sent(.onItsWay(due: .milliseconds(10))), sent(.onItsWay(due: .milliseconds(20))))
        held.plan.forget(first)
        #expect(next() == 20 && take(30) == ["look \(second)"])
        held.plan.forget(second)
        #expect(note(.settled(landed), of: second, 30) == nil)
        #expect(note(.onItsWay(due: .zero), of: second, 30) == nil)
        #expect(next() == nil && plan.count == 0)
    }

    @Test func `whatever the chain answers, each transaction is asked for again within ten seconds, and only one question is out`() {
        for seed in UInt64(0)..<200 {
            held.plan = FollowPlan()
            var random = SeededGenerator(seed: seed)
            var (now, out, alive) = (0, Set<FollowPlan.ID>(), Set<FollowPlan.ID>())
            for _ in 0..<200 {
                now += Int.random(in: 0..<700, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: alive.insert(held.plan.follow(at: at(now)))
                case 1:
                    if let id = alive.randomElement(using: &random) { held.plan.ring(id, at: at(now)) }
                case 2:
                    for (id, _) in held.plan.take(at: at(now), upTo: 3) {
                        let isNew = out.insert(id).inserted
                        #expect(alive.contains(id) && isNew)
                    }
                case 3:
                    guard let id = alive.randomElement(using: &random), Bool.random(using: &random) else { break }
                    held.plan.forget(id)
                    alive.remove(id)
                    out.remove(id)
                default:
                    guard let id = out.randomElement(using: &random) else { break }
                    let due = Duration.milliseconds(Int.random(in: -5..<100_000, using: &random))
                    let reports: [TransactionReport] = [.unavailable, .unknown, .onItsWay(due: nil), .onItsWay(due: due), .settled(landed)]
                    let report = reports.randomElement(using: &random)!
                    #expect((note(report, of: id, now) != nil) == (report == .settled(landed)))
                    out.remove(id)
                    if report == .settled(landed) { alive.remove(id) }
                }
                #expect(plan.count == alive.count)
                #expect((next() == nil) == alive.subtracting(out).isEmpty)
            }
            let rest = held.plan.take(at: at(now + 10_016), upTo: .max).map(\.id)
            #expect(Set(rest) == alive.subtracting(out), "seed \(seed)")
        }
    }
}
