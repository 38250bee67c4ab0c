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
    private func store(_ bench: Bench, _ order: Order, _ seqs: [Int]) async throws {
        try await bench.pipeline.stored(seqs.map { ("0-\($0)", order.id.description, $0) }, bench.keys)
    }

    @Test func `the marks may come in any order and twice`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            try await bench.written(.confirm(Samples.fill), entry)
            for seqs in [[7], [3, 1], [1, 2], [6, 4]] {
                try await store(bench, order, seqs)
                #expect(try await bench.timeToLive(order) == -1)
            }
            #expect(try await bench.field(order, "stored") == "1111011")
            try await store(bench, order, [5])
            #expect((500_000...600_000).contains(try await bench.timeToLive(order)))
        }
    }

    @Test func `marks of an order that is gone, or of no event of it, change nothing`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            try await store(bench, order, [0, 2, 99])
            #expect(try await bench.field(order, "stored") == "")
            try await bench.send("DEL", bench.keys.order(order.id))
            try await store(bench, order, [1])
            #expect(try await bench.send("EXISTS", bench.keys.order(order.id)).integer == 0)
        }
    }

    @Test func `a mark that is repeated does not prolong the life`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            try await bench.written(.confirm(Samples.fill), entry)
            try await bench.storeEvents()
            try await bench.send("PEXPIRE", bench.keys.order(order.id), "1000")
            try await store(bench, order, Array(1...7))
            #expect(try await bench.timeToLive(order) <= 1000)
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
        sink.refused = [7]
        let (order, entry) = try await bench.reach(.submitted, Samples.order(user: "u"))
        try await bench.written(.confirm(Samples.fill), entry)
        try await withEvents(bench, sink) { _, _ in try await eventually { try await bench.deadLetters().count == 1 } }
        #expect(try await bench.field(order, "stored") == "111111")
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
}
