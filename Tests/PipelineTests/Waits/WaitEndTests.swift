import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// How the wait of an order ends without a fill: its end passes, or it is cancelled. No mark fires it afterwards.
@Suite(.onLoop) @ServiceActor
struct WaitEndTests {
    @Test func `an order that waits to its end expires, and one that is under way does not`() async throws {
        try await withBench { bench in
            let (over, under, later) = (Samples.waiting(), Samples.waiting(at: "170"), Samples.waiting())
            for order in [over, under, later] { try await bench.hold(order) }
            try await bench.fire(.above, at: "170")
            for order in [over, under] { try await bench.passEnd(of: order) }
            #expect(try await bench.pipeline.sweep(bench.keys) == 1)
            #expect(try await bench.state(over) == .expired)
            #expect(try await bench.state(under) == .pending)
            #expect(try await bench.state(later) == .open)
            let last = try #require(try await bench.events(over).last)
            #expect(last.type == .expired && last.message == "Order expired before its price was reached" && last.stageMs?.open != nil)
            #expect(try await bench.members(.above).count == 1)
            #expect(try await bench.entry(over) == "")
            // Once it waits again its end is over.
            let entry = try await bench.work(under, to: .routing)
            try await bench.rest(under, in: .routing, entry)
            #expect(try await bench.pipeline.sweep(bench.keys) == 1)
            #expect(try await bench.state(under) == .expired)
            #expect(try await bench.pipeline.promote(bench.keys) == 0)
            #expect(try await bench.members(.above).count == 1)
        }
    }

    @Test func `an order that waits can be cancelled, and is fired by no mark afterwards`() async throws {
        try await withBench { bench in
            let order = Samples.waiting()
            try await bench.hold(order)
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            #expect(try await bench.members(.above).isEmpty)
            #expect(try await bench.send("ZCARD", bench.keys.deadlines).integer == 0)
            #expect(try await bench.fire(.above, at: "200") == 0)
            #expect(try await bench.state(order) == .cancelled)
            #expect(try await bench.entry(order) == "")
        }
    }

    @Test func `an order whose end has passed expires instead of being fired, though nobody has swept it yet`() async throws {
        try await withBench { bench in
            let order = Samples.waiting(user: "u")
            try await bench.hold(order)
            try await bench.passEnd(of: order)
            let many = try await bench.run(.above, at: "200", oneByOne: false)
            #expect(many == (1, 0, 1), "the script for many leaves it")
            #expect(try await bench.state(order) == .open)
            let one = try await bench.run(.above, at: "200", oneByOne: true)
            #expect(one == (1, 0, 0))
            #expect(try await bench.state(order) == .expired)
            #expect(try await bench.events(order).map(\.type) == [.open, .expired])
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 0)
            #expect(try await bench.members(.above).isEmpty)
            #expect(try await bench.send("ZCARD", bench.keys.deadlines).integer == 0)
        }
    }

    @Test func `of a pair whose one end has passed the other waits on`() async throws {
        try await withBench { bench in
            let (profit, stop) = Samples.pair()
            try await bench.hold(profit, stop)
            try await bench.passEnd(of: profit)
            #expect(try await bench.fire(.above, at: "200") == 0)
            #expect(try await bench.state(profit) == .expired)
            #expect(try await bench.state(stop) == .open)
            #expect(try await bench.fire(.confirmedBelow, at: "150") == 1)
        }
    }
}
