import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct EventConsumerTests {
    private func pending(_ bench: Bench) async throws -> Int64? {
        try await bench.send("XPENDING", bench.keys.events, persistGroup).array?[0].integer
    }

    private func marks(_ bench: Bench, _ order: Order) async throws -> String { try await bench.field(order, "stored") }

    @Test func `events are stored in batches, acknowledged and marked`() async throws {
        try await withBench { bench in
            var orders: [Order] = []
            for _ in 0..<8 { orders.append(try await bench.reach(.routing).0) }
            let sink = FakeSink()
            try await withEvents(bench, sink, batch: 5) { _, _ in
                try await eventually { sink.events.count == 16 }
                #expect(sink.batches.map(\.count) == [5, 5, 5, 1])
                try await eventually { try await marks(bench, orders[7]) == "11" }
                for order in orders { #expect(try await marks(bench, order) == "11") }
                #expect(try await pending(bench) == 0)
                #expect(sink.events.map(\.seq) == (0..<8).flatMap { _ in [1, 2] })
                #expect(sink.events.first?.order == orders[0].json)
            }
        }
    }

    @Test func `a batch waits a moment to be filled`() async throws {
        try await withBench { bench in
            let sink = FakeSink()
            try await withEvents(bench, sink, wait: .milliseconds(900)) { _, _ in
                for _ in 0..<3 { _ = try await bench.place() }
                try await eventually { sink.events.count == 3 }
                #expect(sink.batches.count == 1)
            }
        }
    }

    @Test func `while the sink fails nothing is acknowledged, then everything is stored`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            let sink = FakeSink()
            sink.failures = 3
            try await withEvents(bench, sink, visibility: .milliseconds(100)) { _, _ in
                try await eventually { sink.attempts == 2 }
                #expect(try await pending(bench) == 1)
                #expect(try await marks(bench, order) == "")
                try await eventually { try await marks(bench, order) == "1" }
                #expect(sink.events.count == 1)
                #expect(try await pending(bench) == 0)
                #expect(try await bench.deadLetters().isEmpty)
            }
        }
    }

    @Test func `an event that the sink refuses goes to the dead letters and does not count as stored`() async throws {
        try await withBench { bench in
            let (order, _) = try await bench.reach(.routing)
            let sink = FakeSink()
            sink.refused = [2]
            try await withEvents(bench, sink) { _, observer in
                try await eventually { try await bench.deadLetters().count == 1 }
                try await eventually { try await marks(bench, order) == "1" }
                let letters = try await bench.deadLetters()
                try #require(letters.map { $0["reason"] } == ["SQLSTATE_22P05"])
                #expect(letters[0]["stream"] == "events" && letters[0]["orderId"] == order.id.description && letters[0]["f:seq"] == "2")
                #expect(observer.buried == ["SQLSTATE_22P05"])
                #expect(try await pending(bench) == 0)
            }
        }
    }

    @Test func `an entry that is no event goes to the dead letters, its neighbours are stored`() async throws {
        try await withBench { bench in
            try await bench.send("XADD", bench.keys.events, "*", "id", "x", "seq", "one")
            let order = try await bench.place()
            let sink = FakeSink()
            try await withEvents(bench, sink) { _, _ in
                try await eventually { try await marks(bench, order) == "1" }
                #expect(try await bench.deadLetters().map { $0["reason"] } == ["MALFORMED"])
                #expect(try await pending(bench) == 0)
                #expect(sink.events.count == 1)
            }
        }
    }

    @Test func `what a consumer that died had stored but not acknowledged comes again`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            try await bench.written(.confirm(Samples.fill), entry)
            try await bench.send("XREADGROUP", "GROUP", persistGroup, "dead", "STREAMS", bench.keys.events, ">")
            let sink = FakeSink()
            try await withEvents(bench, sink) { _, observer in
                try await eventually { sink.events.count == 7 }
                #expect(observer.claimed == 7)
                #expect(sink.events.map(\.seq) == Array(1...7))
                try await eventually { try await bench.timeToLive(order) > 0 }
                #expect(try await pending(bench) == 0)
            }
        }
    }

    @Test func `a consumer that stops while the sink is away hands its events back`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            let sink = FakeSink()
            sink.failures = .max
            try await withEvents(bench, sink) { consumer, observer in
                try await eventually { sink.attempts >= 1 }
                await consumer.stop(within: .milliseconds(50))
                #expect(observer.releasedCount == 1)
            }
            let next = FakeSink()
            try await withEvents(bench, next, visibility: .seconds(600)) { _, _ in
                try await eventually(within: .seconds(5)) { try await marks(bench, order) == "1" }
            }
        }
    }
}
