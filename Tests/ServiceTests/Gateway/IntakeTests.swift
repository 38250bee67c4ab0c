import Pipeline
import Testing

@testable import GatewayService

/// Runs queues by a simple rule of arithmetic: orders come in at one rate and are taken at others. Time goes by in steps of a millisecond.
private struct Flow {
    var intake = Intake()
    var now: UInt64 = 1_000_000
    /// Orders that wait and have been taken; routers have each in hand for 200 ms.
    var waiting = (router: 0.0, executor: 0.0)
    var taken = (router: 0.0, executor: 0.0)
    /// An order is written for so long, and samples are so far apart: both are long where Redis is slow.
    var writingTime: UInt64 = 2
    var interval: UInt64 = 50
    /// Routers take orders every so many milliseconds.
    var burst: UInt64 = 1
    var written: [UInt64] = []
    var inHand: [(count: Double, until: UInt64)] = []
    var refused = 0
    var longest = 0.0

    /// Rates are orders a millisecond.
    mutating func run(for milliseconds: UInt64, arriving: Double, routers: Double, executors: Double = 1000, limit: Double = 200) {
        var due = 0.0
        for _ in 0..<milliseconds {
            now += 1
            due += arriving
            while due >= 1 {
                due -= 1
                if intake.wait(at: now) > limit {
                    intake.refuse()
                    refused += 1
                } else {
                    intake.enter()
                    written.append(now + writingTime)
                }
            }
            while let first = written.first, first <= now {
                written.removeFirst()
                intake.leave(after: Double(writingTime))
                waiting.router += 1
            }
            let routed = now % burst == 0 ? min(waiting.router, routers * Double(burst)) : 0
            (waiting.router, taken.router) = (waiting.router - routed, taken.router + routed)
            inHand.append((routed, now + 200))
            while let first = inHand.first, first.until <= now {
                waiting.executor += first.count
                inHand.removeFirst()
            }
            let executed = min(waiting.executor, executors)
            (waiting.executor, taken.executor) = (waiting.executor - executed, taken.executor + executed)
            longest = max(longest, routers > 0 ? waiting.router / routers : 0, executors > 0 ? waiting.executor / executors : 0)
            if now % interval == 0 { sample() }
        }
    }

    mutating func sample() {
        intake.begin()
        let hands = inHand.reduce(0) { $0 + $1.count }
        intake.note(
            StageQueues(
                router: StageQueue(waiting: Int(waiting.router), inHand: Int(hands), taken: Int(taken.router)),
                executor: StageQueue(waiting: Int(waiting.executor), inHand: 0, taken: Int(taken.executor))),
            at: now)
    }
}

@Suite struct IntakeTests {
    @Test(arguments: [0.2, 1.0, 5.0])
    func `what the workers can take is not refused`(_ rate: Double) {
        var flow = Flow()
        flow.run(for: 20_000, arriving: 0.95 * rate, routers: rate, executors: rate)
        #expect(flow.refused == 0)
    }

    @Test(arguments: [(0.5, 1000.0), (1.0, 1000.0), (5.0, 1000.0), (10.0, 1.0), (1.0, 0.9)])
    func `of three times as much a third is taken, and waits as the limit says`(_ routers: Double, _ executors: Double) {
        var flow = Flow()
        let capacity = min(routers, executors)
        flow.run(for: 5000, arriving: 3 * capacity, routers: routers, executors: executors)
        flow.longest = 0
        let (refused, taken) = (flow.refused, flow.taken.executor)
        flow.run(for: 20_000, arriving: 3 * capacity, routers: routers, executors: executors)
        #expect(flow.longest < 300, "of a limit of 200 ms")
        #expect(flow.taken.executor - taken > 0.95 * 20_000 * capacity, "the workers have work all the time")
        #expect(abs(Double(flow.refused - refused) - 40_000 * capacity) < 2000 * capacity)
    }

    @Test(arguments: [0.5, 2.0])
    func `workers that take orders in bursts have enough of them, and not too many`(_ rate: Double) {
        var flow = Flow()
        (flow.burst, flow.writingTime, flow.interval) = (200, 30, 70)
        flow.run(for: 5000, arriving: 3 * rate, routers: rate)
        let taken = flow.taken.router
        flow.longest = 0
        flow.run(for: 20_000, arriving: 3 * rate, routers: rate)
        #expect(flow.taken.router - taken > 0.9 * 20_000 * rate)
        #expect(flow.longest < 500)
    }

    @Test(arguments: [0.5, 2.0])
    func `a slow Redis keeps no orders from workers that could take them`(_ rate: Double) {
        for arriving in [0.7 * rate, 3 * rate] {
            var flow = Flow()
            (flow.writingTime, flow.interval) = (150, 200)
            flow.run(for: 5000, arriving: arriving, routers: rate)
            let (refused, taken) = (flow.refused, flow.taken.router)
            flow.longest = 0
            flow.run(for: 20_000, arriving: arriving, routers: rate)
            #expect(arriving > rate || flow.refused == refused)
            #expect(flow.taken.router - taken > 0.9 * 20_000 * min(arriving, rate))
            #expect(flow.longest < 600)
        }
    }

    @Test func `workers take some of what waits while an order is being written`() {
        var flow = Flow()
        flow.run(for: 3000, arriving: 3, routers: 1)
        flow.run(for: 1000, arriving: 0, routers: 1)
        for milliseconds in [0.0, 500.0] {
            for _ in 0..<300 { flow.intake.enter() }
            for _ in 0..<300 { flow.intake.leave(after: milliseconds) }
            flow.sample()
            for _ in 0..<300 { flow.intake.enter() }
            #expect((flow.intake.wait(at: flow.now) > 200) == (milliseconds == 0))
            for _ in 0..<300 { flow.intake.leave(after: milliseconds) }
        }
    }

    @Test func `the rate of workers that have little to do is not what they can do`() {
        var pace = StagePace()
        for number in 0..<100 { pace.note(StageQueue(waiting: 10, inHand: 10, taken: number), at: 1000 + UInt64(50 * number)) }
        #expect(pace.rate(at: 6000) == nil)
        for number in 100..<200 { pace.note(StageQueue(waiting: 100, inHand: 10, taken: number), at: 1000 + UInt64(50 * number)) }
        #expect(pace.rate(at: 11_000) == 1.0 / 50)
    }

    @Test func `workers that have become faster are given more, although their rate was known as lower`() {
        var flow = Flow()
        (flow.writingTime, flow.interval) = (100, 150)
        flow.run(for: 5000, arriving: 3, routers: 0.3)
        flow.run(for: 5000, arriving: 3, routers: 2)
        let taken = flow.taken.router
        flow.run(for: 5000, arriving: 3, routers: 2)
        #expect(flow.taken.router - taken > 0.9 * 5000 * 2)
    }

    @Test func `the first flood waits little longer, and a later one that follows it not even that`() {
        var flow = Flow()
        flow.run(for: 3000, arriving: 3, routers: 1)
        #expect(flow.longest < 800)
        flow.run(for: 5000, arriving: 0.5, routers: 1)
        flow.longest = 0
        flow.run(for: 3000, arriving: 3, routers: 1)
        #expect(flow.longest < 300)
    }

    @Test func `within a second after a flood nothing is refused`() {
        var flow = Flow()
        flow.run(for: 20_000, arriving: 3, routers: 1)
        flow.run(for: 1000, arriving: 0.7, routers: 1)
        flow.refused = 0
        flow.run(for: 20_000, arriving: 0.7, routers: 1)
        #expect(flow.refused == 0)
    }

    @Test func `a burst that the workers were never seen to take is taken`() {
        var flow = Flow()
        flow.run(for: 5000, arriving: 0.01, routers: 1)
        flow.run(for: 50, arriving: 10, routers: 1)
        #expect(flow.refused == 0)
    }

    @Test func `while workers take nothing at all, orders are kept for them`() {
        var flow = Flow()
        flow.run(for: 5000, arriving: 0.5, routers: 0)
        #expect(flow.refused == 0)
        flow.run(for: 5000, arriving: 0.5, routers: 1)
        #expect(flow.refused > 0, "what has piled up is more than they take within the limit")
        flow.refused = 0
        flow.run(for: 10_000, arriving: 0.5, routers: 1)
        #expect(flow.refused == 0)
    }

    @Test func `what is being written counts, so that a slow Redis lets no flood in`() {
        var flow = Flow()
        flow.run(for: 5000, arriving: 3, routers: 1)
        let before = flow.intake.wait(at: flow.now)
        for _ in 0..<100 { flow.intake.enter() }
        flow.sample()
        #expect(flow.intake.wait(at: flow.now) > before + 50)
        for _ in 0..<100 { flow.intake.leave(after: 0) }
        flow.sample()
        #expect(flow.intake.wait(at: flow.now) < before + 50)
    }

    @Test func `while Redis stands still, workers are not believed to go on`() {
        var flow = Flow()
        flow.run(for: 5000, arriving: 3, routers: 1)
        for _ in 0..<600 { flow.intake.enter() }
        let (soon, later) = (flow.intake.wait(at: flow.now + 100), flow.intake.wait(at: flow.now + 250))
        #expect(soon > later && later > 200)
        #expect(flow.intake.wait(at: flow.now + 5000) == later)
    }

    @Test func `a sample that Redis cannot give tells nothing`() {
        var flow = Flow()
        flow.run(for: 5000, arriving: 3, routers: 1)
        #expect(flow.intake.wait(at: flow.now) > 0)
        flow.intake.note(StageQueues(router: nil, executor: nil), at: flow.now)
        #expect(flow.intake.wait(at: flow.now) == 0)
    }
}
