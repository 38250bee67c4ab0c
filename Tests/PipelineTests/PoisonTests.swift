import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct PoisonTests {
    private func starts(_ bench: Bench, _ order: Order) async throws -> Int {
        Int(try await bench.field(order, "d").split(separator: ":").dropFirst(2).first ?? "0") ?? -1
    }

    /// Begins the entry that often, each time in another delivery.
    private func start(_ entry: WorkEntry, _ count: Int, _ bench: Bench) async throws { for _ in 0..<count { try await bench.begin(entry.held()) } }

    @Test func `a start is counted once a delivery, however often its step is sent`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.pending)
            for _ in 0..<20 { try await bench.begin(entry) }
            #expect(try await starts(bench, order) == 1)
            try await bench.begin(entry.held())
            #expect(try await starts(bench, order) == 2)
        }
    }

    @Test func `starts are counted for each stage and round anew`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routed)
            try await start(entry, 5, bench)
            #expect(try await starts(bench, order) == 5)
            try await bench.written(Samples.failure(.network), entry)
            #expect(try await bench.pipeline.promote(bench.keys) == 1)
            let next = try await bench.take(.executor)
            try await bench.begin(next)
            #expect(try await starts(bench, order) == 1)
        }
    }

    @Test func `an order that is started too often fails as poisoned, with a dead letter`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routed)
            try await start(entry, 5, bench)
            #expect(try await bench.pipeline.begin(entry.held()).dropped == .ended)
            let last = try #require(try await bench.events(order).last)
            #expect(last.type == .failed && last.progress == 0 && last.error?.code == .poisoned && last.totalAttempts == 1)
            #expect(last.message == FailureCode.poisoned.sentence)
            let letter = try #require(try await bench.deadLetters().first)
            #expect(letter["reason"] == "POISONED" && letter["orderId"] == order.id.description && letter["f:round"] == "1")
            #expect(try await bench.pending(.executor) == 0)
            #expect(try await bench.entry(order) == "")
        }
    }

    @Test func `a submitted order is never failed by poison, its entry is parked in doubt`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            try await start(entry, 4, bench)
            let count = try await bench.events(order).count
            #expect(try await bench.pipeline.begin(entry.held()).dropped == .ended)
            #expect(try await bench.state(order) == .submitted)
            #expect(try await bench.events(order).count == count)
            #expect(try await bench.deadLetters().map { $0["reason"] } == ["IN_DOUBT"])
            #expect(try await bench.entry(order) == "")
            #expect(try await bench.pending(.executor) == 0)
        }
    }

    // MARK: Too many deliveries

    private func bury(_ bench: Bench, _ entry: WorkEntry) async throws -> String? {
        let reply = try await bench.pipeline.run(
            Scripts.bury,
            keys: [
                bench.keys.source(of: entry.stage), bench.keys.dead, bench.keys.events, bench.keys.deadlines, bench.keys.leaving,
                bench.keys.order(entry.orderID),
            ],
            [entry.stage.stream, entry.stage.group, entry.consumer, entry.entry, "POISONED", entry.orderID.description, "1", "60000"])
        let answer = reply.array ?? []
        return answer.count == 4 ? (answer[2].string ?? "") + (answer[3].integer == 1 ? ", order ended" : "") : answer.first?.string
    }

    @Test func `an entry that nobody could even start fails its order`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routed)
            #expect(try await bury(bench, entry) == "POISONED, order ended")
            #expect(try await bench.state(order) == .failed)
            #expect(try await bench.events(order).last?.error?.code == .poisoned)
            #expect(try await bench.deadLetters().map { $0["reason"] } == ["POISONED"])
            #expect(try await bench.pending(.executor) == 0)
        }
    }

    @Test func `with a counted start the judgement is left to the step that counts`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            #expect(try await bury(bench, entry) == "counted")
            #expect(try await bench.state(order) == .building)
            #expect(try await bench.pending(.executor) == 1)
        }
    }

    @Test func `a submitted order that nobody could start is in doubt`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            try await bench.send("HDEL", bench.keys.order(order.id), "d")
            #expect(try await bury(bench, entry) == "IN_DOUBT")
            #expect(try await bench.state(order) == .submitted)
            #expect(try await bench.entry(order) == "")
        }
    }

    @Test func `an entry that stands for nothing any more goes alone`() async throws {
        try await withBench { bench in
            let (order, _) = try await bench.reach(.building)
            let second = try await bench.inject(.executor, order.id, round: 1)
            #expect(try await bury(bench, second) == "POISONED")
            #expect(try await bench.state(order) == .building)
        }
    }

    @Test func `who does not own an entry cannot bury it`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routed)
            #expect(try await bury(bench, entry.held(by: "b")) == "fenced")
            try await bench.send("XACK", bench.keys.routed, "executor", entry.entry)
            #expect(try await bury(bench, entry) == "stale")
            #expect(try await bench.state(order) == .routed)
            #expect(try await bench.deadLetters().isEmpty)
        }
    }

    @Test func `a monster of an entry is buried with its first fields`() async throws {
        try await withBench { bench in
            let fields = (0..<5000).flatMap { ["k\($0)", "v"] }
            _ = try await bench.redis.send(["XADD", bench.keys.accepted, "1-1"] + fields)
            try await bench.send("XREADGROUP", "GROUP", "router", "a", "STREAMS", bench.keys.accepted, ">")
            let entry = WorkEntry(
                stage: .router, partition: 0, entry: "1-1", orderID: Samples.id(), round: 1, consumer: "a", deliveries: 1, token: "t")
            #expect(try await bury(bench, entry) == "POISONED")
            #expect(try await bench.deadLetters().first?.count { $0.key.hasPrefix("f:") } == 100)
        }
    }

    // MARK: Release

    private func release(_ bench: Bench, _ entry: WorkEntry) async throws -> Int64? {
        try await bench.pipeline.run(
            Scripts.release, keys: [bench.keys.source(of: entry.stage)],
            [entry.stage.group, entry.consumer, bench.keys.orderPrefix, "-", "+", "250", entry.entry, entry.orderID.description, entry.token]
        ).array?.first?.integer
    }

    @Test func `an entry that is handed back can be claimed at once, and its start is taken off`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.pending)
            try await bench.begin(entry)
            #expect(try await release(bench, entry) == 1)
            #expect(try await starts(bench, order) == 0)
            #expect(try await bench.claim(as: "b").map(\.id) == [entry.entry])
            #expect(try await release(bench, entry) == 0)
        }
    }

    @Test func `a delivery that has counted no start takes none off`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routed)
            try await start(entry, 3, bench)
            #expect(try await release(bench, entry.held()) == 1)
            #expect(try await starts(bench, order) == 3)
        }
    }

    @Test func `however often an entry is handed back, it comes as if for the first time`() async throws {
        try await withBench { bench in
            let (order, first) = try await bench.reach(.pending)
            var entry = first
            for round in 0..<10 {
                try await bench.begin(entry)
                #expect(try await release(bench, entry) == 1)
                let claimed = try #require(try await bench.claim(as: "c\(round)").first)
                #expect(claimed.deliveries == 1)
                entry = entry.held(by: "c\(round)")
            }
            #expect(try await starts(bench, order) == 0)
        }
    }

    @Test func `a hand-back takes off its own delivery, not those that ended in a crash, and only once`() async throws {
        try await withBench { bench in
            let (_, entry) = try await bench.reach(.pending)
            try await bench.age(entry.entry, in: bench.keys.accepted, "router", of: "a", idle: 0, deliveries: 3)
            _ = try await release(bench, entry)
            _ = try await release(bench, entry)
            #expect(try await bench.claim(as: "b").map(\.deliveries) == [3])
        }
    }
}
