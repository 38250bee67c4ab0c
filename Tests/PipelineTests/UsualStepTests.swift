import Configuration
import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Usual steps as a pipeline takes them. What a usual step leaves is compared with the careful ones in `ModelTests/DifferentialTests`.
@Suite(.onLoop) @ServiceActor
struct UsualStepTests {
    @Test func `fifty orders at once need few calls`() async throws {
        try await withRedis(appendonly: false) { server async throws in
            try await withBench(on: server) { bench async throws in
                let orders = (0..<50).map { _ in Samples.order() }
                let before = try await bench.scriptRuns()
                try await together(orders) { try await bench.accept($0) }
                var entries: [WorkEntry] = []
                for _ in orders { entries.append(try await bench.take(.router)) }
                try await together(entries) { try await bench.begin($0) }
                try await together(entries) { try await bench.written(.routeDone([Samples.meteora]), $0) }
                entries = []
                for _ in orders { entries.append(try await bench.take(.executor)) }
                try await together(entries) { entry in
                    guard case .work(let work) = try await bench.pipeline.begin(entry, withNextStep: true) else { throw TestFailure("not begun") }
                    try await bench.written(Samples.submit(work.order), entry)
                    try await bench.written(.confirm(Samples.fill), entry)
                }
                for order in orders { #expect(try await bench.events(order).map(\.progress) == [0, 10, 30, 50, 70, 80, 100]) }
                // One for each move where all come at once, and a few more because not all do.
                #expect(try await bench.scriptRuns() - before < 30)
            }
        }
    }

    @Test func `an order that another has cancelled does not keep the others of its call from moving`() async throws {
        try await withBench { bench in
            var reached: [(order: Order, entry: WorkEntry)] = []
            for _ in 0..<3 { reached.append(try await bench.reach(.routing)) }
            _ = try await bench.pipeline.cancel(reached[1].order.id)
            let outcomes = try await withThrowingTaskGroup(of: (Int, StepOutcome).self) { group in
                for (index, one) in reached.enumerated() {
                    group.addTask { (index, try await bench.pipeline.step(.routeDone([Samples.meteora]), one.entry)) }
                }
                var outcomes: [Int: StepOutcome] = [:]
                for try await (index, outcome) in group { outcomes[index] = outcome }
                return outcomes
            }
            #expect(outcomes[0]?.isWritten == true && outcomes[2]?.isWritten == true)
            #expect(outcomes[1]?.dropped == .duplicate)
            #expect(try await bench.state(reached[1].order) == .cancelled)
        }
    }

    @Test func `of the many orders that a worker holds any few are moved by one call, each for the consumer that holds it`() async throws {
        try await withRedis(appendonly: false) { server async throws in
            try await withBench(on: server) { bench async throws in
                var entries: [WorkEntry] = []
                for number in 0..<60 {
                    _ = try await bench.place()
                    entries.append(try await bench.take(.router, as: number < 50 ? "a" : "b"))
                }
                try await together(entries) { try await bench.begin($0) }
                let before = try await bench.scriptRuns()
                // Out of their sequence, with others between them.
                let some = stride(from: 0, to: 60, by: 7).map { entries[$0] }.shuffled()
                try await together(some.sorted { $0.consumer < $1.consumer }) { try await bench.written(.routeDone([Samples.meteora]), $0) }
                #expect(try await bench.scriptRuns() - before < some.count)
                for (index, entry) in entries.enumerated() {
                    #expect(try await bench.pipeline.newestSeq(entry.orderID) == (index % 7 == 0 ? 3 : 2))
                }
            }
        }
    }

    /// The place of an order that was submitted as usual, the entry, and the moves that a test makes from there, plain or split.
    private func submitted(_ bench: Bench, _ count: Int) async throws -> [(entry: WorkEntry, place: OrderPlace)] {
        var submitted: [(entry: WorkEntry, place: OrderPlace)] = []
        for _ in 0..<count {
            let (order, entry) = try await bench.reach(.submitted)
            submitted.append((entry, try #require(try await bench.place(of: order))))
        }
        return submitted
    }

    private func confirm(_ one: (entry: WorkEntry, place: OrderPlace), isSplit: Bool, _ bench: Bench) async -> UsualSteps.Moved? {
        let request = StepRequest.confirm(Samples.fill)
        return await bench.pipeline.usual.take(
            .confirm, one.entry, from: one.place, setting: isSplit ? [("v", "meteora+raydium")] : [],
            request.events.map { $0.compact(attempt: 1) })
    }

    @Test func `moves of two kinds need two calls, in whatever sequence they come, and each has its own answer`() async throws {
        try await withRedis(appendonly: false) { server async throws in
            try await withBench(on: server) { bench async throws in
                let orders = try await submitted(bench, 40)
                _ = try await bench.claim(orders[7].entry, as: "b")
                let before = try await bench.scriptRuns()
                let moved = try await together(Array(orders.enumerated())) { number, one in
                    await confirm(one, isSplit: number % 2 == 1, bench)
                }
                #expect(try await bench.scriptRuns() - before <= 4)
                for (number, one) in orders.enumerated() {
                    #expect((moved[number] != nil) == (number != 7), "\(number)")
                    let values = try await bench.send("HMGET", bench.keys.order(one.entry.orderID), "s", "v").array ?? []
                    #expect(values[0].string?.hasPrefix("confirmed ") == (number != 7))
                    #expect((values[1].string == "meteora+raydium") == (number % 2 == 1 && number != 7))
                    if number != 7 { #expect(moved[number]?.place == values[0].string) }
                }
            }
        }
    }

    @Test func `a call that Redis refuses takes no answer from the moves of another kind`() async throws {
        try await withBench { bench in
            let orders = try await submitted(bench, 3)
            // Redis knows no such entries, and refuses the call that names them.
            let strays = (0..<2).map { number in
                let entry = WorkEntry(
                    stage: .executor, partition: 0, entry: "stray-\(number)", orderID: Samples.id(), round: 1, consumer: "a", deliveries: 1,
                    token: "t")
                return (entry: entry, place: OrderPlace("submitted 1 1 6 1 \(entry.name)")!)
            }
            let mixed = [strays[0], orders[0], strays[1], orders[1], orders[2]]
            let moved = try await together(Array(mixed.enumerated())) { number, one in
                await confirm(one, isSplit: number % 2 == 0 && number < 3, bench)
            }
            #expect(moved.map { $0 != nil } == [false, true, false, true, true])
        }
    }

    @Test func `a key that holds no order does not keep the others of its call from moving`() async throws {
        try await withBench { bench in
            let (stray, strayEntry) = try await bench.reach(.pending)
            let (order, entry) = try await bench.reach(.pending)
            try await bench.send("SET", bench.keys.order(stray.id), "a stray value")
            let usual = bench.pipeline.usual
            async let first = usual.begin(strayEntry)
            async let second = usual.begin(entry)
            let begun = await (first, second)
            #expect(begun.0 == nil && begun.1?.order == order)
            #expect(try await bench.state(order) == .routing)
        }
    }

    @Test func `the executor begins and submits in one call, and reports both steps`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routed)
            var steps: [OrderStep] = []
            bench.pipeline.onStep = { if $0.outcome == "ok" { steps.append($0.step) } }
            guard case .work(let work) = try await bench.pipeline.begin(entry, withNextStep: true) else { throw TestFailure("not begun") }
            #expect(work.state == .building && work.route?.chosen.quote == Samples.meteora && !work.isResumed)
            #expect(try await bench.state(order) == .routed && steps.isEmpty)
            try await bench.written(Samples.submit(order), entry)
            #expect(steps == [.buildBegin, .submit])
            #expect(try await bench.state(order) == .submitted)
            #expect(try await bench.field(order, "d").isEmpty)
        }
    }

    @Test func `a step that is none of the usual ones is written after the begin that was left to it`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routed)
            _ = try await bench.pipeline.begin(entry, withNextStep: true)
            try await bench.written(Samples.failure(.network), entry)
            #expect(try await bench.events(order).map(\.type).suffix(3) == [.building, .executionFailed, .retryPending])
            #expect(try await bench.state(order) == .waiting)
        }
    }

    @Test func `a worker that finds its order submitted by another follows that transaction`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routed)
            _ = try await bench.pipeline.begin(entry, withNextStep: true)
            let other = try await bench.inject(.executor, order.id, round: 1)
            try await bench.begin(other)
            try await bench.written(Samples.submit(order), other)
            let outcome = try await bench.pipeline.step(Samples.submit(order, attempt: 2), entry)
            #expect(outcome.resumed?.transactions == [Samples.transaction(order)])
        }
    }

    @Test func `a crash after a usual first start counts as a start`() async throws {
        try await withBench(PipelineSettings(maxStarts: 2)) { bench in
            let (order, entry) = try await bench.reach(.pending)
            try await bench.begin(entry)
            #expect(try await bench.field(order, "d").isEmpty)
            let second = try await bench.claim(entry, as: "b")
            try await bench.begin(second)
            #expect(try await bench.field(order, "d").hasPrefix("router:1:2:"))
            let third = try await bench.claim(second, as: "c")
            #expect(try await bench.pipeline.begin(third).dropped == .ended)
            #expect(try await bench.state(order) == .failed)
        }
    }
}
