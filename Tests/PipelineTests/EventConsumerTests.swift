import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct EventConsumerTests {
    /// How many entries are delivered and not acknowledged.
    private func pending(_ bench: Bench, _ keys: Keys? = nil) async throws -> Int64? {
        try await bench.send("XPENDING", (keys ?? bench.keys).events, persistGroup).array?[0].integer
    }

    /// Whether all entries were delivered and acknowledged.
    private func isDone(_ bench: Bench) async throws -> Bool {
        let groups = try await bench.send("XINFO", "GROUPS", bench.keys.events).array?.first?.array ?? []
        let lag = stride(from: 0, to: groups.count - 1, by: 2).first { groups[$0].string == "lag" }.flatMap { groups[$0 + 1].integer }
        let open = try await pending(bench)
        return lag == 0 && open == 0
    }

    private func state(_ seq: Int) -> String { "routing 1 1 \(seq) 1768030217789 accepted:1-0" }

    /// Writes an order with that many events, as the scripts do.
    @discardableResult
    private func write(_ bench: Bench, _ order: Order = Samples.order(), seq: Int = 1) async throws -> Order {
        let lines = (1...seq).map { CompactEvent(.pending, progress: 0, message: "m", attempt: 1).line(at: 1_768_030_217_789, seq: $0) }
        let steps = lines.enumerated().flatMap { [String($0 + 1), $1] }
        _ = try await bench.redis.send(["HSET", bench.pipeline.keys(of: order.id).order(order.id), "s", state(seq), "o", order.json] + steps)
        return order
    }

    /// Adds an entry that says that an order has new events.
    private func announce(_ bench: Bench, _ id: OrderID, in keys: Keys? = nil) async throws {
        try await bench.send("XADD", (keys ?? bench.pipeline.keys(of: id)).events, "*", "id", id.description)
    }

    private func announced(_ bench: Bench, _ count: Int, seq: Int = 1, partition: UInt8 = 0) async throws -> [Order] {
        var orders: [Order] = []
        for _ in 0..<count {
            orders.append(try await write(bench, Samples.order(Samples.id(partition: partition)), seq: seq))
            try await announce(bench, orders[orders.count - 1].id)
        }
        return orders
    }

    @Test func `orders are stored in batches as Redis has them, and acknowledged`() async throws {
        try await withBench { bench in
            let orders = try await announced(bench, 8, seq: 2)
            let sink = FakeSink()
            try await withEvents(bench, sink, batch: 5) { _, _ in
                try await eventually { sink.orders.count == 8 }
                #expect(sink.batches.map(\.count) == [5, 3])
                try await eventually { try await isDone(bench) }
                #expect(Set(sink.orders.map(\.id)) == Set(orders.map(\.id)))
                #expect(sink.orders.allSatisfy { $0.state == state(2) && $0.lines.count == 2 })
                #expect(Set(sink.orders.map(\.details)) == Set(orders.map(\.json)))
            }
        }
    }

    @Test func `an order that several entries name is stored once, and all of them are acknowledged`() async throws {
        try await withBench { bench in
            let order = try await write(bench)
            for _ in 0..<4 { try await announce(bench, order.id) }
            let sink = FakeSink()
            try await withEvents(bench, sink, wait: .milliseconds(300)) { _, _ in
                try await eventually { try await isDone(bench) }
                #expect(sink.batches.map { $0.map(\.id) } == [[order.id]])
            }
        }
    }

    @Test func `a batch waits a moment to be filled`() async throws {
        try await withBench { bench in
            let sink = FakeSink()
            try await withEvents(bench, sink, wait: .milliseconds(900)) { _, _ in
                _ = try await announced(bench, 3)
                try await eventually { sink.orders.count == 3 }
                #expect(sink.batches.count == 1)
            }
        }
    }

    @Test func `while many orders are under way a batch waits longer to be filled`() async throws {
        try await withBench { bench in
            let sink = FakeSink()
            _ = try await announced(bench, 40)
            try await withEvents(bench, sink, batch: 50, wait: .milliseconds(100)) { _, _ in
                try await eventually { try await pending(bench) == 40 }
                try await sleep(for: .milliseconds(300))
                _ = try await announced(bench, 10)
                try await eventually { sink.orders.count == 50 }
                #expect(sink.batches.count == 1)
            }
        }
    }

    @Test func `many orders are under way also if each partition has a few`() async throws {
        try await withBench(PipelineSettings(partitions: 4)) { bench in
            let sink = FakeSink()
            for partition in 0..<4 as Range<UInt8> { _ = try await announced(bench, 15, partition: partition) }
            try await withEvents(bench, sink, batch: 50, wait: .milliseconds(200)) { _, _ in
                for keys in bench.pipeline.partitions { try await eventually { try await pending(bench, keys) == 15 } }
                try await sleep(for: .milliseconds(500))
                #expect(sink.orders.isEmpty, "each lane alone would have waited for 200 ms")
                try await eventually { sink.orders.count == 60 }
            }
        }
    }

    @Test func `while the sink fails nothing is acknowledged, then everything is stored`() async throws {
        try await withBench { bench in
            _ = try await announced(bench, 1)
            let sink = FakeSink()
            sink.failures = 3
            try await withEvents(bench, sink, visibility: .milliseconds(100)) { _, _ in
                try await eventually { sink.attempts == 2 }
                #expect(try await pending(bench) == 1)
                try await eventually { try await isDone(bench) }
                #expect(sink.orders.count == 1)
                #expect(try await bench.deadLetters().isEmpty)
            }
        }
    }

    @Test func `while a batch is stored the next one is read, both stay this consumer's, and no third is taken`() async throws {
        try await withBench { bench in
            let sink = FakeSink()
            let gate = Promise<Void>()
            sink.gate = gate
            let orders = try await announced(bench, 5)
            try await withEvents(bench, sink, batch: 2, visibility: .milliseconds(600)) { _, observer in
                try await eventually { try await pending(bench) == 4 }
                try await sleep(for: .milliseconds(800))
                #expect(try await pending(bench) == 4 && sink.attempts == 1)
                let rows = try await bench.send("XPENDING", bench.keys.events, persistGroup, "-", "+", "10").array ?? []
                // An entry that nobody has kept would be idle for as long as the sleep, on a busy machine too.
                #expect(rows.count == 4 && rows.allSatisfy { ($0.array?[2].integer ?? .max) < 800 && $0.array?[3].integer == 1 })
                gate.succeed(())
                try await eventually { try await isDone(bench) }
                #expect(sink.batches.map(\.count) == [2, 2, 1] && Set(sink.orders.map(\.id)) == Set(orders.map(\.id)))
                #expect(observer.claimed == 0 && observer.lostCount == 0)
            }
        }
    }

    @Test func `an order that the sink refuses goes to the dead letters with each of its entries and is not acknowledged as stored`() async throws {
        try await withBench { bench in
            let orders = try await announced(bench, 2)
            try await announce(bench, orders[0].id)
            let sink = FakeSink()
            sink.refused = [orders[0].id]
            try await withEvents(bench, sink, wait: .milliseconds(300)) { _, observer in
                try await eventually { try await bench.deadLetters().count == 2 }
                try await eventually { try await isDone(bench) }
                let letters = try await bench.deadLetters()
                try #require(letters.map { $0["reason"] } == ["SQLSTATE_22P05", "SQLSTATE_22P05"])
                for letter in letters {
                    #expect(letter["stream"] == "events" && letter["orderId"] == orders[0].id.description)
                    #expect(letter["f:id"] == orders[0].id.description)
                }
                #expect(observer.buried == ["SQLSTATE_22P05", "SQLSTATE_22P05"])
                #expect(Set(sink.orders.map(\.id)) == Set(orders.map(\.id)))
            }
        }
    }

    @Test(arguments: ["HSET s nowhere o {}", "SET nothing"])
    func `an order that no version can read goes to the dead letters, its neighbours are stored`(command: String) async throws {
        try await withBench { bench in
            let orders = try await announced(bench, 2)
            var words = command.split(separator: " ").map(String.init)
            words.insert(bench.keys.order(orders[0].id), at: 1)
            try await bench.send("DEL", bench.keys.order(orders[0].id))
            _ = try await bench.redis.send(words)
            let sink = FakeSink()
            sink.refused = [orders[0].id]
            try await withEvents(bench, sink, wait: .milliseconds(300)) { _, _ in
                try await eventually { try await isDone(bench) }
                #expect(try await bench.deadLetters().map { $0["orderId"] } == [orders[0].id.description])
                #expect(sink.orders.contains { $0.id == orders[1].id })
            }
        }
    }

    @Test func `an entry that names no order goes to the dead letters, its neighbours are stored`() async throws {
        try await withBench { bench in
            try await bench.send("XADD", bench.keys.events, "*", "id", "x", "seq", "one")
            try await bench.send("XADD", bench.keys.events, "*", "name", Samples.id().description)
            let orders = try await announced(bench, 1)
            let sink = FakeSink()
            try await withEvents(bench, sink) { _, _ in
                try await eventually { try await isDone(bench) }
                #expect(try await bench.deadLetters().map { $0["reason"] } == ["MALFORMED", "MALFORMED"])
                #expect(sink.orders.map(\.id) == orders.map(\.id))
            }
        }
    }

    @Test func `an entry whose order Redis does not have is told and acknowledged, and nothing else`() async throws {
        try await withBench { bench in
            let (gone, elsewhere) = (Samples.id(), Samples.id(partition: 7))
            for id in [gone, elsewhere] { try await announce(bench, id, in: bench.keys) }
            let orders = try await announced(bench, 1)
            let sink = FakeSink()
            try await withEvents(bench, sink, wait: .milliseconds(300)) { _, observer in
                try await eventually { try await isDone(bench) }
                #expect(sink.orders.map(\.id) == orders.map(\.id))
                #expect(Set(observer.orderless) == [gone, elsewhere] && observer.buried.isEmpty && observer.failures.isEmpty)
                #expect(try await bench.send("EXISTS", bench.keys.order(gone)).integer == 0)
            }
        }
    }

    @Test func `what a consumer that died had stored but not acknowledged comes again`() async throws {
        try await withBench { bench in
            let orders = try await announced(bench, 7)
            try await bench.send("XREADGROUP", "GROUP", persistGroup, "dead", "STREAMS", bench.keys.events, ">")
            let sink = FakeSink()
            try await withEvents(bench, sink) { _, observer in
                try await eventually { sink.orders.count == 7 }
                #expect(observer.claimed == 7)
                #expect(Set(sink.orders.map(\.id)) == Set(orders.map(\.id)))
                try await eventually { try await isDone(bench) }
            }
        }
    }

    @Test func `the next batch is read while one waits for the sink, however late it comes`() async throws {
        try await withBench { bench in
            _ = try await announced(bench, 2)
            let sink = FakeSink()
            sink.failures = .max
            try await withEvents(bench, sink, batch: 2) { _, _ in
                try await eventually { sink.attempts >= 1 }
                // Within a second the lane looks for abandoned entries, and its read ends with none.
                try await sleep(for: .milliseconds(1100))
                _ = try await announced(bench, 1)
                try await eventually(within: .seconds(5)) { try await pending(bench) == 3 }
            }
        }
    }

    @Test func `a consumer that stops while the sink is away hands both of its batches back`() async throws {
        try await withBench { bench in
            let orders = try await announced(bench, 3)
            let sink = FakeSink()
            sink.failures = .max
            try await withEvents(bench, sink, batch: 2) { consumer, observer in
                try await eventually { try await pending(bench) == 3 && sink.attempts >= 1 }
                await consumer.stop(within: .milliseconds(50))
                #expect(observer.releasedCount == 3)
            }
            let next = FakeSink()
            try await withEvents(bench, next, visibility: .seconds(600)) { _, _ in
                try await eventually(within: .seconds(5)) { try await isDone(bench) }
                #expect(Set(next.orders.map(\.id)) == Set(orders.map(\.id)))
            }
        }
    }
}
