import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct DeadlineTests {
    private nonisolated static let unsubmitted: [OrderState] = [.pending, .routing, .requote, .routed, .building, .waiting]
    private static let far: UInt64 = 9_000_000_000_000

    /// Moves an order's deadline into the past.
    private func pass(_ bench: Bench, _ order: Order) async throws {
        try await bench.send("HSET", bench.keys.order(order.id), "x", "1000")
        try await bench.send("ZADD", bench.keys.deadlines, "1000", order.id.description)
    }

    private func expectExpired(_ bench: Bench, _ order: Order) async throws {
        let last = try #require(try await bench.events(order).last)
        #expect(try await bench.state(order) == .failed)
        #expect(last.type == .failed && last.progress == 0 && last.error?.code == .deadlineExceeded)
        #expect(try await bench.send("ZCARD", bench.keys.deadlines).integer == 0)
    }

    @Test(arguments: [OrderState.pending, .routing, .routed, .building])
    func `a step past the deadline fails the order instead`(state: OrderState) async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(state, Samples.order(deadline: Self.far))
            try await pass(bench, order)
            switch state {
            case .routing: #expect(try await bench.pipeline.step(.routeDone([Samples.meteora]), entry).dropped == .ended)
            case .building: #expect(try await bench.pipeline.step(Samples.submit(order), entry).dropped == .ended)
            default: #expect(try await bench.pipeline.begin(entry).dropped == .ended)
            }
            try await expectExpired(bench, order)
            #expect(try await bench.pending(entry.stage) == 0)
            #expect(try await bench.entry(order) == "")
            #expect(try await bench.send("XLEN", bench.keys.routed).integer == (entry.stage == .router ? 0 : 1))
        }
    }

    @Test func `a submitted order comes to its end whatever its deadline`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted, Samples.order(deadline: Self.far))
            try await pass(bench, order)
            #expect(try await bench.pipeline.sweep(bench.keys) == 0)
            #expect(try await bench.send("ZCARD", bench.keys.deadlines).integer == 0)
            try await bench.written(.confirm(Samples.fill), entry)
            #expect(try await bench.state(order) == .confirmed)
        }
    }

    @Test(arguments: [FailureCode.network, .slippageExceeded])
    func `after a failed attempt the deadline counts again`(code: FailureCode) async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted, Samples.order(deadline: Self.far))
            try await pass(bench, order)
            #expect(try await bench.pipeline.sweep(bench.keys) == 0)
            try await bench.written(Samples.failure(code), entry)
            #expect(try await bench.pipeline.sweep(bench.keys) == 1)
            try await expectExpired(bench, order)
        }
    }

    @Test(arguments: unsubmitted)
    func `the sweep fails what is past its deadline and not submitted`(state: OrderState) async throws {
        try await withBench { bench in
            let (order, _) = try await bench.reach(state, Samples.order(deadline: Self.far))
            let standing = try await bench.entry(order)
            #expect(try await bench.pipeline.sweep(bench.keys) == 0)
            try await pass(bench, order)
            #expect(try await bench.pipeline.sweep(bench.keys) == 1)
            try await expectExpired(bench, order)
            #expect(try await bench.entry(order) == standing)
            #expect(try await bench.pipeline.sweep(bench.keys) == 0)
        }
    }

    @Test func `the sweep passes over orders that are gone or final`() async throws {
        try await withBench { bench in
            let (order, _) = try await bench.reach(.pending, Samples.order(deadline: Self.far))
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            try await pass(bench, order)
            try await bench.send("ZADD", bench.keys.deadlines, "1000", Samples.id().description)
            #expect(try await bench.pipeline.sweep(bench.keys) == 0)
            #expect(try await bench.state(order) == .cancelled)
            #expect(try await bench.send("ZCARD", bench.keys.deadlines).integer == 0)
        }
    }

    // MARK: Cancel

    @Test(arguments: unsubmitted)
    func `an order without a transaction can be cancelled, once, and its entry becomes a duplicate`(state: OrderState) async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(state, Samples.order(deadline: Self.far))
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            let count = try await bench.events(order).count
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            let events = try await bench.events(order)
            #expect(events.count == count && events.last?.type == .cancelled && events.last?.progress == 0)
            #expect(try await bench.send("ZCARD", bench.keys.deadlines).integer == 0)
            if state == .waiting || state == .requote {
                #expect(try await bench.pipeline.promote(bench.keys) == 0)
            } else {
                #expect(try await bench.pipeline.begin(entry).dropped == .duplicate)
            }
            #expect(try await bench.entry(order) == "")
            #expect(try await bench.pending(entry.stage) == 0)
        }
    }

    @Test func `a worker on a cancelled order submits nothing`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            #expect(try await bench.pipeline.step(Samples.submit(order), entry).dropped == .duplicate)
            #expect(try await bench.events(order).last?.type == .cancelled)
        }
    }

    @Test func `what is submitted, ended otherwise or unknown cannot be cancelled`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            #expect(try await bench.pipeline.cancel(order.id) == .submitted)
            try await bench.written(.confirm(Samples.fill), entry)
            #expect(try await bench.pipeline.cancel(order.id) == .final(.confirmed))
            #expect(try await bench.pipeline.cancel(Samples.id()) == .unknown)
            #expect(try await bench.events(order).last?.type == .confirmed)
        }
    }

    @Test func `a deadline is not held up by those of orders that have gone on`() async throws {
        try await withBench { bench in
            let order = try await bench.place(Samples.order(deadline: 1))
            try await bench.send("ZADD", bench.keys.deadlines, "3", order.id.description)
            for _ in 0..<250 { try await bench.send("ZADD", bench.keys.deadlines, "2", Samples.id().description) }
            #expect(try await bench.pipeline.sweep(bench.keys) == 1)
            #expect(try await bench.state(order) == .failed)
            #expect(try await bench.send("ZCARD", bench.keys.deadlines).integer == 0)
        }
    }
}
