import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite struct OrderRecordTests {
    private let order = Samples.order()
    private let lines = [
        CompactEvent(.pending, progress: 0, message: "m", attempt: 1).line(at: 1, seq: 1),
        CompactEvent(.routing, progress: 10, message: "m", attempt: 1).line(at: 2, seq: 2),
        CompactEvent(.failed, progress: 0, message: "m", attempt: 1).line(at: 3, seq: 3),
    ]

    /// The answer of HGETALL. Fields come in any order.
    private func hash(_ state: String = "failed 1 1 3 3 ", without name: String = "") -> RedisValue {
        let fields = [("2", lines[1] + "\n" + lines[2]), ("d", "router:1:1:t"), ("s", state), ("1", lines[0]), ("o", order.json), ("f", "1-0 f")]
        return .array(fields.filter { $0.0 != name }.flatMap { [.string($0.0), .string($0.1)] })
    }

    @Test func `a record has the lines of all steps in order, and folds them`() throws {
        let record = OrderRecord(order.id, hash: hash())
        #expect(record.state == "failed 1 1 3 3 " && record.details == order.json && record.lines == lines)
        #expect(record.text == lines.joined(separator: "\n"))
        let fold = try record.fold()
        #expect(fold.order == order && fold.events.map(\.type) == [.pending, .routing, .failed])
        #expect(try OrderRecord(id: order.id, state: record.state, details: record.details, lines: lines).fold().events == fold.events)
    }

    @Test func `steps are in order of seq, not of the names' texts`() throws {
        let many = (1...12).map { CompactEvent(.routing, progress: 10, message: "m", attempt: 1).line(at: 1, seq: $0) }
        let fields: [RedisValue] = many.enumerated().reversed().flatMap { [.string(String($0 + 1)), .string($1)] }
        #expect(OrderRecord(order.id, hash: .array(fields)).lines == many)
    }

    @Test(arguments: ["s", "o", "1", "2"]) func `a hash that lacks a part is a record that does not fold`(name: String) {
        #expect(throws: RecordError.self) { try OrderRecord(order.id, hash: hash(without: name)).fold() }
    }

    @Test func `a state of another event, or an order of another id, does not fold`() {
        for state in ["failed 1 1 2 3 ", "failed 1 1 4 3 ", "gone 1 1 3 3 ", "", "failed"] {
            #expect(throws: RecordError.self) { try OrderRecord(order.id, hash: hash(state)).fold() }
        }
        #expect(throws: RecordError.self) { try OrderRecord(Samples.id(), hash: hash()).fold() }
        #expect(throws: RecordError.self) { try OrderRecord(order.id, hash: .array([.null, .integer(3), .string("s")])).fold() }
    }

    @Test func `a state is five words and the entry that stands for the order`() throws {
        let place = try #require(OrderPlace("routed 2 1 9 1768030217789 routed:1768030217789-0"))
        #expect(place.state == .routed && place.round == 2 && place.attempt == 1 && place.seq == 9 && place.at == 1_768_030_217_789)
        #expect(place.entry == "routed:1768030217789-0" && OrderPlace("failed 1 1 3 3 ")?.entry == "")
        let wrong = [
            "", "failed", "failed 1 1 3 3", "new 1 1 3 3 ", "failed -1 1 3 3 ", "failed 1 1 9007199254740992 3 ", "failed 1 1 -1 3 ",
            "failed 1 1 3 253402300800000 ", "failed 1 1000001 3 3 ", "failed 99999999999999999999 1 3 3 ", "failed  1 3 3 ",
        ]
        #expect(wrong.allSatisfy { OrderPlace($0) == nil })
    }
}

@Suite(.onLoop) @ServiceActor
struct OrderReadingTests {
    private func write(_ order: Order, seq: Int = 1, _ bench: Bench) async throws {
        let line = CompactEvent(.pending, progress: 0, message: "m", attempt: 1).line(at: 7, seq: 1)
        try await bench.send(
            "HSET", bench.keys.order(order.id), "s", "pending 1 1 \(seq) 7 accepted:1-0", "o", order.json, "f", "1-0 f", "1", line)
    }

    @Test func `an order is read with its events and its state; one that cannot be read is an error, and no order is nil`() async throws {
        try await withBench { bench in
            let (order, broken) = (Samples.order(), Samples.order())
            try await write(order, bench)
            try await write(broken, seq: 2, bench)
            let snapshot = try #require(try await bench.pipeline.snapshot(order.id))
            #expect(snapshot.order == order && snapshot.events.map(\.type) == [.pending])
            #expect(try await bench.pipeline.newestSeq(order.id) == 1)
            let error = await #expect(throws: PipelineError.self) { try await bench.pipeline.snapshot(broken.id) }
            #expect(error?.code == .unexpectedReply)
            #expect(try await bench.pipeline.snapshot(Samples.id())?.events == nil)
            #expect(try await bench.pipeline.newestSeq(Samples.id()) == nil)
        }
    }

    @Test func `many orders are read at once, in the sequence asked for; what is no order keeps none of the others back`() async throws {
        try await withBench { bench in
            let orders = (0..<250).map { _ in Samples.order() }
            for order in orders { try await write(order, bench) }
            let (gone, strange, stray) = (Samples.id(), Samples.id(), Samples.id(partition: 200))
            try await bench.send("SET", bench.keys.order(strange), "x")
            let ids = [gone] + orders.map(\.id) + [strange, stray]
            let records = try await bench.pipeline.records(ids)
            try #require(records.count == ids.count)
            #expect(records[0] == nil && records[252] == nil)
            #expect(records[251] == OrderRecord(id: strange, state: "", details: "", lines: []))
            #expect(records[1...250].map { $0?.id } == orders.map(\.id))
            #expect(try records[1...250].allSatisfy { try $0?.fold().seq == 1 })
            #expect(try await bench.pipeline.records([]) == [])
        }
    }
}
