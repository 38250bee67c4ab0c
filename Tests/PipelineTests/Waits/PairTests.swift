import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Pairs of which at most one fills, and orders that follow another.
@Suite(.onLoop) @ServiceActor
struct PairTests {
    private func withPair(_ body: @ServiceActor (Bench, Order, Order) async throws -> Void) async throws {
        try await withBench { bench in
            let (profit, stop) = Samples.pair()
            guard case .accepted(profit.id, _) = try await bench.hold(profit, stop) else { throw TestFailure("the pair was not accepted") }
            try await body(bench, profit, stop)
        }
    }

    @Test func `while one is under way the other is held, and no mark fires it`() async throws {
        try await withPair { bench, _, stop in
            let fired = try await bench.fire(.above, at: "200")
            #expect(fired == 1)
            #expect(try await bench.state(stop) == .open)
            #expect(try await bench.entry(stop) == "held")
            #expect(try await bench.members(.confirmedBelow).isEmpty)
            #expect(try await bench.fire(.confirmedBelow, at: "1") == 0)
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1)
            #expect(try await bench.pipeline.standing(stop.id).0 == .armed)
        }
    }

    @Test func `a fill of one cancels the other in the same step`() async throws {
        try await withPair { bench, profit, stop in
            try await bench.fire(.above, at: "200")
            let entry = try await bench.work(profit, to: .submitted)
            try await bench.written(.confirm(Samples.fill), entry)
            let last = try #require(try await bench.events(stop).last)
            #expect(last.type == .cancelled && last.message == "Order cancelled because the other order of the pair is filled")
            #expect(try await bench.entry(stop) == "")
            #expect(try await bench.send("ZCARD", bench.keys.deadlines).integer == 0)
        }
    }

    @Test func `both due at one mark fire one`() async throws {
        try await withBench { bench in
            let (one, other) = (Samples.id(), Samples.id())
            let first = Samples.waiting(.takeProfit, at: "150", id: one, oco: other)
            let second = Samples.waiting(.takeProfit, at: "151", id: other, oco: one)
            try await bench.hold(first, second)
            #expect(try await bench.fire(.above, at: "200") == 1)
            #expect(try await bench.state(first) == .pending)
            #expect(try await bench.state(second) == .open)
            #expect(try await bench.entry(second) == "held")
            #expect(try await bench.members(.above).isEmpty)
        }
    }

    @Test(arguments: [OrderState.routing, .building, .submitted]) func `one that waits again frees the other`(state: OrderState) async throws {
        try await withPair { bench, profit, stop in
            try await bench.fire(.above, at: "200")
            try await bench.rest(profit, in: state, try await bench.work(profit, to: state), at: "201", delay: 60_000)
            #expect(try await bench.entry(stop) == "waits")
            #expect(try await bench.members(.confirmedBelow).count == 1)
            // Now the stop fires, and the first must not come back while it is under way.
            #expect(try await bench.fire(.confirmedBelow, at: "150") == 1)
            #expect(try await bench.entry(profit) == "held")
            try await bench.send("ZADD", bench.keys.retries, "1", "waits:\(profit.id):2")
            try await bench.pipeline.promote(bench.keys)
            #expect(try await bench.members(.above).isEmpty)
            #expect(try await bench.fire(.above, at: "999") == 0)
        }
    }

    @Test func `one that fails for good frees the other`() async throws {
        try await withPair { bench, profit, stop in
            try await bench.fire(.confirmedBelow, at: "150")
            let entry = try await bench.work(stop, to: .building)
            try await bench.written(.fail(OrderFailure(.internal), in: .building, attempt: 1, tried: true), entry)
            #expect(try await bench.state(profit) == .open)
            #expect(try await bench.entry(profit) == "waits")
            #expect(try await bench.fire(.above, at: "200") == 1)
        }
    }

    @Test func `one that is given up after too many starts frees the other`() async throws {
        try await withPair { bench, profit, stop in
            try await bench.fire(.confirmedBelow, at: "150")
            let entry = try await bench.work(stop, to: .routing)
            for _ in 0..<PipelineSettings().maxStarts {
                let again = try await bench.claim(entry, as: "b\(Int.random(in: 0..<1_000_000))")
                _ = try await bench.pipeline.begin(again)
            }
            #expect(try await bench.state(stop) == .failed)
            #expect(try await bench.entry(profit) == "waits")
            #expect(try await bench.members(.above).count == 1)
        }
    }

    @Test func `a part that is filled cancels the other, even if the rest waits again`() async throws {
        try await withPair { bench, profit, stop in
            try await bench.fire(.above, at: "200")
            let entry = try await bench.work(profit, to: .submitted)
            let filled = PartialFill(amountIn: BaseUnits(5), amountOut: BaseUnits(7), inputDecimals: 9, outputDecimals: 6)
            let rest = StepRequest.rest(profit, for: Trigger(.above, .of("201")), in: .submitted, got: nil, delay: 0).storing(filled, of: profit)
            try await bench.written(rest, entry)
            #expect(try await bench.state(profit) == .open)
            #expect(try await bench.state(stop) == .cancelled)
            // Nothing is under way, so the rest can be cancelled, and says what was filled.
            #expect(try await bench.pipeline.cancel(profit.id) == .cancelled)
            let last = try #require(try await bench.events(profit).last)
            #expect(last.filled == filled && last.message.hasPrefix("Order cancelled; "))
        }
    }

    @Test func `to cancel one is to cancel both, also while one is under way`() async throws {
        try await withPair { bench, profit, stop in
            let outcome = try await bench.pipeline.cancel(stop.id)
            #expect(outcome == .cancelled)
            #expect(try await bench.state(profit) == .cancelled)
            #expect(try await bench.members(.above).isEmpty)
        }
        try await withPair { bench, profit, stop in
            try await bench.fire(.above, at: "200")
            #expect(try await bench.pipeline.cancel(profit.id) == .cancelled)
            #expect(try await bench.state(stop) == .cancelled)
        }
        try await withPair { bench, profit, stop in
            try await bench.fire(.above, at: "200")
            #expect(try await bench.pipeline.cancel(stop.id) == .cancelled)
            #expect(try await bench.state(profit) == .cancelled)
            #expect(try await bench.events(profit).last?.type == .cancelled)
        }
    }

    @Test func `a pair of which one has a transaction under way cannot be cancelled`() async throws {
        try await withPair { bench, profit, stop in
            try await bench.fire(.above, at: "200")
            _ = try await bench.work(profit, to: .submitted)
            for order in [profit, stop] { #expect(try await bench.pipeline.cancel(order.id) == .submitted) }
            #expect(try await bench.state(stop) == .open)
        }
    }

    @Test func `one that expires leaves the other alone`() async throws {
        try await withBench { bench in
            let (one, other) = (Samples.id(), Samples.id())
            let profit = Samples.waiting(.takeProfit, at: "200", id: one, oco: other, expiresAt: 1000)
            let stop = Samples.waiting(.stop, at: "150", id: other, oco: one)
            try await bench.hold(profit, stop)
            #expect(try await bench.pipeline.sweep(bench.keys) == 1)
            #expect(try await bench.state(profit) == .expired)
            #expect(try await bench.state(stop) == .open)
            #expect(try await bench.fire(.confirmedBelow, at: "150") == 1)
        }
    }

    @Test func `a held order is amended where it is, and expires like any other`() async throws {
        try await withBench { bench in
            let (profit, stop) = Samples.pair()
            try await bench.hold(profit, stop)
            try await bench.fire(.above, at: "200")
            try await bench.passEnd(of: stop)
            #expect(try await bench.pipeline.sweep(bench.keys) == 1)
            #expect(try await bench.state(stop) == .expired)
            #expect(try await bench.state(profit) == .pending)
        }
    }

    @Test func `nothing fires while the other of its pair cannot be read`() async throws {
        try await withPair { bench, profit, stop in
            try await bench.send("HSET", bench.keys.order(stop.id), "s", "later 1 1 1 1 waits")
            #expect(try await bench.fire(.above, at: "200") == 0)
            #expect(try await bench.state(profit) == .open)
            #expect(try await bench.members(.above).count == 1)
        }
    }

    @Test func `a second order of the pair is placed once under one key`() async throws {
        try await withBench { bench in
            let (one, other) = (Samples.id(), Samples.id())
            let first = Samples.waiting(.takeProfit, at: "200", id: one, key: "k", user: "u", oco: other)
            let second = Samples.waiting(.stop, at: "150", id: other, key: "k", user: "u", oco: one)
            guard case .accepted(one, let job) = try await bench.hold(first, second) else { throw TestFailure("it was not accepted") }
            let (third, fourth) = (Samples.id(), Samples.id())
            let again = try await bench.hold(
                Samples.waiting(.takeProfit, at: "200", id: third, key: "k", user: "u", oco: fourth),
                Samples.waiting(.stop, at: "150", id: fourth, key: "k", user: "u", oco: third))
            #expect(again == .replay(one, job: job))
            #expect(try await bench.send("EXISTS", bench.keys.order(third), bench.keys.order(fourth)).integer == 0)
            #expect(try await bench.send("ZCARD", bench.keys.user("u")).integer == 2)
        }
    }

    // MARK: What follows

    @Test func `what follows an order is placed by its fill, once, with its user and its place`() async throws {
        try await withBench { bench in
            let (profit, stop) = Samples.pair()
            let order = Samples.waiting(at: "170", user: "u", then: [profit, stop])
            try await bench.hold(order)
            try await bench.fire(.above, at: "170")
            let entry = try await bench.work(order, to: .submitted)
            #expect(try await bench.send("EXISTS", bench.keys.order(profit.id), bench.keys.order(stop.id)).integer == 0)
            let confirm = StepRequest.confirm(Samples.fill)
                .placing([profit, stop].map { NewOrder($0, waiting: $0.waiting(at: nil)) })
            try await bench.written(confirm, entry)
            #expect(try await bench.state(profit) == .open)
            #expect(try await bench.state(stop) == .open)
            #expect(try await bench.members(.above).count == 1)
            #expect(try await bench.pipeline.step(confirm, entry).dropped == .stale)
            #expect(try await bench.fire(.above, at: "200") == 1)
            #expect(try await bench.entry(stop) == "held")
        }
    }

    @Test func `a market order that follows goes to the router at once`() async throws {
        try await withBench { bench in
            let next = Samples.order()
            let order = Samples.waiting(at: "170", then: [next])
            try await bench.hold(order)
            try await bench.fire(.above, at: "170")
            let entry = try await bench.work(order, to: .submitted)
            try await bench.written(StepRequest.confirm(Samples.fill).placing([NewOrder(next)]), entry)
            #expect(try await bench.state(next) == .pending)
            #expect(try await bench.take(.router).orderID == next.id)
        }
    }

    @Test func `an order that fails is followed by nothing`() async throws {
        try await withBench { bench in
            let next = Samples.order()
            let order = Samples.waiting(at: "170", then: [next])
            try await bench.hold(order)
            try await bench.fire(.above, at: "170")
            let entry = try await bench.work(order, to: .building)
            try await bench.written(.fail(OrderFailure(.internal), in: .building, attempt: 1, tried: true), entry)
            #expect(try await bench.send("EXISTS", bench.keys.order(next.id)).integer == 0)
        }
    }

    @Test func `no usual step fills an order with a pair or with what follows`() async throws {
        try await withPair { bench, profit, stop in
            try await bench.fire(.above, at: "200")
            let entry = try await bench.work(profit, to: .submitted)
            let place = try #require(try await bench.place(of: profit))
            let events = StepRequest.confirm(Samples.fill).events.map { $0.compact(attempt: 1) }
            #expect(await bench.pipeline.usual.take(.confirm, entry, from: place, setting: [], events) == nil)
            #expect(try await bench.state(profit) == .submitted)
            #expect(try await bench.state(stop) == .open)
        }
    }
}
