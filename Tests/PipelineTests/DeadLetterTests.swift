import EventLoop
import JSON
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct DeadLetterTests {
    /// Adds a letter to the dead letters as `bury` does, at a given time.
    @discardableResult
    private func letter(_ bench: Bench, _ keys: Keys, at id: String, _ values: String...) async throws -> RedisValue {
        try await bench.redis.send(["XADD", keys.dead, id, "reason", "MALFORMED", "stream", "accepted", "deliveries", "1", "at", "1"] + values)
    }

    private func onlyLetter(_ bench: Bench) async throws -> DeadLetter {
        let page = try await bench.pipeline.deadLetters(limit: 10)
        #expect(page.letters.count == 1 && page.next == nil)
        return try #require(page.letters.first)
    }

    /// An order at `submitted` whose entry was started too often. Its letter is in doubt.
    private func doubt(_ bench: Bench) async throws -> (Order, DeadLetter) {
        let (order, entry) = try await bench.reach(.submitted)
        for _ in 0..<4 { try await bench.begin(entry.held()) }
        #expect(try await bench.pipeline.begin(entry.held()).dropped == .ended)
        return (order, try await onlyLetter(bench))
    }

    // MARK: List

    @Test func `a letter shows its reason, its entry's fields and how often that was delivered`() async throws {
        try await withBench { bench in
            let before = try await bench.pipeline.time()
            let (order, letter) = try await doubt(bench)
            let after = try await bench.pipeline.time()
            #expect(letter.reason == "IN_DOUBT" && letter.stream == "routed" && letter.orderID == order.id.description)
            #expect(letter.deliveries == 1 && letter.fields.map(\.name) == ["id", "round"])
            #expect(letter.fields.map(\.value) == [order.id.description, "1"])
            // Redis stamps the entry a moment after the script has asked for the time.
            let moments = [before, letter.at, letter.id.milliseconds, after]
            #expect(letter.id.partition == 0 && moments == moments.sorted())
            let json = try JSONValue.parse(JSONWriter.value(letter))
            #expect(json["id"]?.string == letter.id.description && json["deliveries"]?.integer == 1)
            #expect(json["at"]?.string == Timestamp.text(milliseconds: letter.at))
            #expect(json["fields"]?["round"]?.string == "1")
        }
    }

    @Test func `letters of all partitions come oldest first, in pages that miss none and repeat none`() async throws {
        try await withBench(PipelineSettings(partitions: 3)) { bench in
            var expected: [String] = []
            for moment in 1...40 {
                // Two partitions share each moment, so their letters have the same id in their streams.
                for partition in [moment % 3, (moment + 1) % 3].sorted() {
                    try await letter(bench, bench.pipeline.partitions[partition], at: "\(moment)-0", "orderId", "")
                    expected.append("\(partition)-\(moment)-0")
                }
            }
            for limit in [1, 7, 80] {
                var seen: [String] = []
                var cursor: DeadLetterID?
                repeat {
                    let page = try await bench.pipeline.deadLetters(after: cursor, limit: limit)
                    #expect(page.letters.count <= limit && !page.letters.isEmpty)
                    seen += page.letters.map(\.id.description)
                    cursor = page.next
                } while cursor != nil
                #expect(seen == expected, "limit \(limit)")
            }
        }
    }

    @Test func `a page of large letters ends early and goes on where it ended`() async throws {
        try await withBench { bench in
            for index in 1...5 { try await letter(bench, bench.keys, at: "\(index)-0", "f:junk", String(repeating: "x", count: 600_000)) }
            let first = try await bench.pipeline.deadLetters(limit: 100)
            #expect(first.letters.count == 2)
            let second = try await bench.pipeline.deadLetters(after: first.next, limit: 100)
            #expect(second.letters.map(\.id.milliseconds) == [3, 4])
            let third = try await bench.pipeline.deadLetters(after: second.next, limit: 100)
            #expect(third.letters.map(\.id.milliseconds) == [5] && third.next == nil)
        }
    }

    @Test func `what is no UTF-8 is shown repaired, and a name that comes twice is shown twice`() async throws {
        try await withBench { bench in
            try await bench.send(
                "EVAL", "return redis.call('XADD', KEYS[1], '*', 'reason', 'MALFORMED', 'f:bad', 'a\\255b', 'f:bad', 'c', 'f:bad (2)', 'd')", "1",
                bench.keys.dead)
            let letter = try await onlyLetter(bench)
            let members = try #require(try JSONValue.parse(JSONWriter.value(letter))["fields"]?.object)
            #expect(members.map(\.value.string) == ["a\u{FFFD}b", "c", "d"])
            #expect(Set(members.map(\.name)).count == 3 && members[0].name == "bad")
            #expect(letter.orderID == nil)
        }
    }

    @Test(arguments: ["", "0", "0-1", "1-0", "0-1-0-0", "a-1-0", "0-+1-0", "0-01-0", "-1-1-0", "0-1-0 ", "65536-1-0", "0-*", "0-1-"])
    func `a text that names no letter is no id`(_ text: String) { #expect(DeadLetterID(parsing: text) == nil) }

    // MARK: Retry

    @Test func `an order in doubt is put back, stands for itself again and is started anew`() async throws {
        try await withBench { bench in
            let (order, letter) = try await doubt(bench)
            let events = try await bench.events(order).count
            guard case .restored("routed", let entry) = try await bench.pipeline.retry(letter.id) else { throw TestFailure("not restored") }
            #expect(try await bench.deadLetters().isEmpty)
            #expect(try await bench.entry(order) == "routed:\(entry)")
            #expect(try await bench.field(order, "d") == "")
            #expect(try await bench.state(order) == .submitted)
            #expect(try await bench.events(order).count == events)

            let again = try await bench.take(.executor)
            #expect(again.entry == entry)
            for _ in 0..<5 { #expect(try await bench.begin(again.held()).transactions == [Samples.transaction(order)]) }
            try await bench.written(.confirm(Samples.fill), again)
            #expect(try await bench.entry(order) == "")
            #expect(try await bench.pipeline.retry(letter.id) == .unknown)
        }
    }

    @Test func `a letter whose order has ended is refused and stays`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.routed)
            for _ in 0..<5 { try await bench.begin(entry.held()) }
            #expect(try await bench.pipeline.begin(entry.held()).dropped == .ended)
            let letter = try await onlyLetter(bench)
            let before = try await bench.everything(order)
            #expect(try await bench.pipeline.retry(letter.id) == .final(.failed))
            #expect(try await bench.everything(order) == before)
        }
    }

    @Test func `a letter whose order Redis does not have is put back only when that is wanted, and comes again`() async throws {
        try await withBench { bench in
            let stray = Samples.order()
            let entry = try await bench.inject(.router, stray.id, round: 1)
            #expect(try await bench.pipeline.begin(entry).dropped == .unknown)
            let letter = try await onlyLetter(bench)
            #expect(letter.reason == "UNKNOWN_ORDER")
            #expect(try await bench.pipeline.retry(letter.id) == .orderMissing(stray.id))
            #expect(try await onlyLetter(bench).id == letter.id)
            guard case .restored("accepted", _) = try await bench.pipeline.retry(letter.id, evenWithoutOrder: true) else {
                throw TestFailure("not restored")
            }
            #expect(try await bench.pipeline.begin(bench.take(.router)).dropped == .unknown)
            #expect(try await onlyLetter(bench).reason == "UNKNOWN_ORDER")
            #expect(try await bench.send("EXISTS", bench.keys.order(stray.id)).integer == 0)
        }
    }

    @Test(arguments: [(Stage.executor, 1), (.router, 2)])
    func `an entry that does not fit its order is put back and leaves the order alone`(_ stage: Stage, _ round: Int) async throws {
        try await withBench { bench in
            let (order, standing) = try await bench.reach(.routing)
            let stray = try await bench.inject(stage, order.id, round: round)
            #expect(try await bench.pipeline.begin(stray).dropped == .conflict)
            let letter = try await onlyLetter(bench)
            let hash = try await bench.hash(order)
            guard case .restored = try await bench.pipeline.retry(letter.id) else { throw TestFailure("not restored") }
            #expect(try await bench.hash(order) == hash)
            #expect(try await bench.entry(order) == "accepted:\(standing.entry)")
        }
    }

    @Test func `an entry nobody could read goes back byte for byte, and is as unreadable as before`() async throws {
        try await withBench { bench in
            let junk = ["XADD", bench.keys.accepted, "*", "a", "\u{1}", "b", "", "a", "twice"]
            _ = try await bench.redis.send(junk)
            let reply = try await bench.send("XREADGROUP", "GROUP", "router", "a", "COUNT", "1", "STREAMS", bench.keys.accepted, ">")
            let entry = try #require(StreamEntry.list(readGroup: reply).first)
            _ = try await bench.pipeline.run(
                Scripts.bury, keys: [bench.keys.accepted, bench.keys.dead, bench.keys.events, bench.keys.deadlines, bench.keys.leaving, "none"],
                ["accepted", "router", "a", entry.id, "MALFORMED", "", "0", "1000"])
            let letter = try await onlyLetter(bench)
            #expect(letter.reason == "MALFORMED" && letter.orderID == nil)
            guard case .restored("accepted", let id) = try await bench.pipeline.retry(letter.id) else { throw TestFailure("not restored") }
            let rows = try await bench.send("XRANGE", bench.keys.accepted, id, id).array ?? []
            #expect(rows.first?.array?.last?.array?.map(\.string) == Array(junk.dropFirst(3)))
        }
    }

    @Test func `an event is put back even when its order has ended: Postgres may still want it`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            let id = try #require(
                try await bench.send(
                    "XADD", bench.keys.dead, "*", "reason", "SQLSTATE_22P05", "stream", "events", "orderId", order.id.description, "f:id",
                    order.id.description
                ).string)
            let before = try await bench.send("XLEN", bench.keys.events).integer ?? 0
            let letter = try #require(DeadLetterID(parsing: "0-\(id)"))
            guard case .restored("events", _) = try await bench.pipeline.retry(letter) else { throw TestFailure("not restored") }
            #expect(try await bench.send("XLEN", bench.keys.events).integer == before + 1)
        }
    }

    @Test func `a letter without fields or without a stream cannot be put back`() async throws {
        try await withBench { bench in
            try await letter(bench, bench.keys, at: "1-0", "orderId", "")
            try await bench.send("XADD", bench.keys.dead, "2-0", "f:id", "x", "stream", "elsewhere")
            for letter in try await bench.pipeline.deadLetters(limit: 10).letters {
                #expect(try await bench.pipeline.retry(letter.id) == .unusable)
                #expect(try await bench.pipeline.drop(letter.id) == .dropped)
            }
        }
    }

    // MARK: Drop

    @Test func `a letter in doubt is dropped only when its order has ended`() async throws {
        try await withBench { bench in
            let (order, letter) = try await doubt(bench)
            #expect(try await bench.pipeline.drop(letter.id) == .inDoubt)
            #expect(try await onlyLetter(bench).id == letter.id)
            // Another delivery has ended the order while the letter was still there.
            let other = try await bench.inject(.executor, order.id, round: 1)
            try await bench.written(.confirm(Samples.fill), other)
            #expect(try await bench.pipeline.retry(letter.id) == .final(.confirmed))
            #expect(try await bench.pipeline.drop(letter.id) == .dropped)
            #expect(try await bench.pipeline.drop(letter.id) == .unknown)
            #expect(try await bench.deadLetters().isEmpty)
        }
    }

    @Test func `a letter of another partition or none is unknown`() async throws {
        try await withBench { bench in
            try await letter(bench, bench.keys, at: "1-0", "f:id", "x")
            for text in ["1-1-0", "0-1-1", "255-1-0"] {
                let id = try #require(DeadLetterID(parsing: text))
                #expect(try await bench.pipeline.retry(id) == .unknown)
                #expect(try await bench.pipeline.drop(id) == .unknown)
            }
            #expect(try await bench.deadLetters().count == 1)
        }
    }

    // MARK: Reconcile

    @Test func `of many orders exactly those are missing that Redis does not have`() async throws {
        try await withBench(PipelineSettings(partitions: 2)) { bench in
            var ids: [OrderID] = []
            var gone: [OrderID] = []
            for index in 0..<60 {
                let id = Samples.id(partition: UInt8(index % 2))
                ids.append(id)
                if index % 7 == 0 { gone.append(id) } else { _ = try await bench.accept(Samples.order(id)) }
            }
            let elsewhere = Samples.id(partition: 9)
            #expect(try await bench.pipeline.missing(ids + [elsewhere]) == gone + [elsewhere])
            #expect(try await bench.pipeline.missing(gone) == gone)
            #expect(try await bench.pipeline.missing(ids.filter { !gone.contains($0) }) == [])
            #expect(try await bench.pipeline.missing([]) == [])
        }
    }
}
