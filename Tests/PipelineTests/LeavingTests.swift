import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Tests when an order's hash may expire: it is final, every event is stored, and no entry stands for it.
@Suite(.onLoop) @ServiceActor
struct LeavingTests {
    @Test func `an order that has gone on since it was stored stays, and a new entry stands for its newer events`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            let early = try await bench.unstored()
            try await bench.written(.confirm(Samples.fill), entry)
            try await bench.pipeline.stored(early, bench.keys)
            #expect(try await bench.timeToLive(order) == -1)
            #expect(try await bench.isStored(order) == false)
            let late = try await bench.unstored()
            #expect(late.map(\.orderID) == [order.id.description])
            try await bench.pipeline.stored(late, bench.keys)
            #expect((500_000...600_000).contains(try await bench.timeToLive(order)))
            #expect(try await bench.unstored().isEmpty)
        }
    }

    @Test func `while one entry stands for an order, its next events add none`() async throws {
        try await withBench { bench in
            _ = try await bench.reach(.submitted)
            #expect(try await bench.send("XLEN", bench.keys.events).integer == 1)
            try await bench.storeEvents()
            let (_, entry) = try await bench.reach(.routing)
            try await bench.storeEvents()
            try await bench.written(.routeDone([Samples.meteora]), entry)
            #expect(try await bench.send("XLEN", bench.keys.events).integer == 3)
        }
    }

    @Test func `an entry of an order that is gone is acknowledged and brings nothing back`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            let entries = try await bench.unstored()
            try await bench.send("DEL", bench.keys.order(order.id))
            try await bench.pipeline.stored(entries, bench.keys)
            #expect(try await bench.send("XPENDING", bench.keys.events, persistGroup).array?[0].integer == 0)
            #expect(try await bench.send("EXISTS", bench.keys.order(order.id)).integer == 0)
            #expect(try await bench.send("XLEN", bench.keys.events).integer == 1)
        }
    }

    @Test func `events are acknowledged when they are stored`() async throws {
        try await withBench { bench in
            _ = try await bench.reach(.routing)
            try await bench.storeEvents()
            #expect(try await bench.send("XPENDING", bench.keys.events, persistGroup).array?[0].integer == 0)
        }
    }

    @Test func `the last step of all starts the time to live when the entry was what was missing`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.pending)
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            try await bench.storeEvents()
            #expect(try await bench.timeToLive(order) == -1)
            #expect(try await bench.pipeline.begin(entry).dropped == .duplicate)
            #expect(try await bench.timeToLive(order) > 0)
        }
    }

    @Test func `a due retry of a final order is what was missing`() async throws {
        try await withBench { bench in
            let (order, _) = try await bench.reach(.waiting)
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            try await bench.storeEvents()
            #expect(try await bench.timeToLive(order) == -1)
            #expect(try await bench.pipeline.promote(bench.keys) == 0)
            #expect(try await bench.timeToLive(order) > 0)
        }
    }

    @Test func `a second delivery does not let the order go while its own entry stands`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.pending)
            let second = try await bench.inject(.router, order.id, round: 1)
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            try await bench.storeEvents()
            #expect(try await bench.pipeline.begin(second).dropped == .duplicate)
            #expect(try await bench.timeToLive(order) == -1)
            #expect(try await bench.pipeline.begin(entry).dropped == .duplicate)
            #expect(try await bench.timeToLive(order) > 0)
        }
    }

    @Test func `an order that is over leaves its user's list`() async throws {
        try await withBench(PipelineSettings(orderStateTTL: 1)) { bench in
            let order = Samples.order(user: "a:b")
            let (_, entry) = try await bench.reach(.submitted, order)
            try await bench.written(.confirm(Samples.fill), entry)
            let other = try await bench.place(Samples.order(user: "a:b"))
            #expect(try await bench.send("ZCARD", bench.keys.leaving).integer == 0)
            try await bench.storeEvents()
            #expect(try await bench.send("ZRANGE", bench.keys.leaving, "0", "-1").array == [.string("\(order.id):a:b")])
            try await eventually {
                try await bench.pipeline.reap(bench.keys, alive: [])
                return try await bench.send("ZCARD", bench.keys.leaving).integer == 0
            }
            #expect(try await bench.send("ZRANGE", bench.keys.user("a:b"), "0", "-1").array == [.string(other.id.description)])
        }
    }

    // MARK: Events that Postgres refuses

    /// A confirmed order whose last event Postgres has refused.
    private func refuse(_ bench: Bench, _ sink: FakeSink) async throws -> (Order, DeadLetterID) {
        let (order, entry) = try await bench.reach(.submitted, Samples.order(user: "u"))
        try await bench.written(.confirm(Samples.fill), entry)
        sink.refused = [order.id]
        try await withEvents(bench, sink) { _, _ in try await eventually { try await bench.deadLetters().count == 1 } }
        #expect(try await bench.isStored(order) == false)
        return (order, try #require(try await bench.pipeline.deadLetters(limit: 1).letters.first?.id))
    }

    @Test func `an order whose event Postgres refuses stays until that is stored after all`() async throws {
        try await withBench { bench in
            let sink = FakeSink()
            let (order, letter) = try await refuse(bench, sink)
            #expect(try await bench.timeToLive(order) == -1)
            #expect(try await bench.events(order).last?.type == .confirmed)
            sink.refused = []
            guard case .restored = try await bench.pipeline.retry(letter) else { throw TestFailure("not put back") }
            #expect(try await bench.timeToLive(order) == -1)
            try await withEvents(bench, sink) { _, _ in try await eventually { try await bench.timeToLive(order) > 0 } }
            #expect(try await bench.send("ZCARD", bench.keys.leaving).integer == 1)
        }
    }

    @Test func `an order whose event Postgres refuses stays until somebody drops that event`() async throws {
        try await withBench { bench in
            let (order, letter) = try await refuse(bench, FakeSink())
            #expect(try await bench.timeToLive(order) == -1)
            #expect(try await bench.pipeline.drop(letter) == .dropped)
            #expect(try await bench.timeToLive(order) > 0)
            #expect(try await bench.send("ZCARD", bench.keys.leaving).integer == 1)
        }
    }

    /// A confirmed order of which Postgres has refused a first batch and its last one: it has two letters.
    private func refuseTwice(_ bench: Bench, _ sink: FakeSink) async throws -> (Order, [DeadLetterID]) {
        let (order, entry) = try await bench.reach(.submitted)
        sink.refused = [order.id]
        try await withEvents(bench, sink) { _, _ in
            try await eventually { try await bench.deadLetters().count == 1 }
            try await bench.written(.confirm(Samples.fill), entry)
            try await eventually { try await bench.deadLetters().count == 2 }
        }
        return (order, try await bench.pipeline.deadLetters(limit: 9).letters.map(\.id))
    }

    @Test(arguments: [(0, 1), (1, 0)])
    func `an order with several letters stays until the last of them is dropped`(first: Int, last: Int) async throws {
        try await withBench { bench in
            let (order, letters) = try await refuseTwice(bench, FakeSink())
            #expect(try await bench.pipeline.drop(letters[first]) == .dropped)
            #expect(try await bench.timeToLive(order) == -1)
            #expect(try await bench.isStored(order) == false)
            #expect(try await bench.pipeline.drop(letters[last]) == .dropped)
            #expect(try await bench.timeToLive(order) > 0)
        }
    }

    @Test(arguments: [(0, 1), (1, 0)])
    func `the letter that is left of several brings the whole order to Postgres`(dropped: Int, left: Int) async throws {
        try await withBench { bench in
            let sink = FakeSink()
            let (order, letters) = try await refuseTwice(bench, sink)
            #expect(try await bench.pipeline.drop(letters[dropped]) == .dropped)
            sink.refused = []
            guard case .restored = try await bench.pipeline.retry(letters[left]) else { throw TestFailure("not put back") }
            #expect(try await bench.timeToLive(order) == -1)
            try await withEvents(bench, sink) { _, _ in try await eventually { try await bench.timeToLive(order) > 0 } }
            #expect(try await bench.isStored(order))
        }
    }

    @Test func `a letter that is put back and refused again counts once`() async throws {
        try await withBench { bench in
            let sink = FakeSink()
            let (order, letters) = try await refuseTwice(bench, sink)
            guard case .restored = try await bench.pipeline.retry(letters[0]) else { throw TestFailure("not put back") }
            try await withEvents(bench, sink) { _, _ in try await eventually { try await bench.deadLetters().count == 2 } }
            for letter in try await bench.pipeline.deadLetters(limit: 9).letters {
                #expect(try await bench.timeToLive(order) == -1)
                #expect(try await bench.pipeline.drop(letter.id) == .dropped)
            }
            #expect(try await bench.timeToLive(order) > 0)
        }
    }
}
