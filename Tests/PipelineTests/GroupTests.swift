import Configuration
import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Tests what consumers of a group do with entries that are not new.
@Suite(.onLoop) @ServiceActor
struct GroupTests {
    /// Entries of the router's stream in the hand of `a`, oldest first, idle for a minute. Each was delivered as often as `deliveries` says.
    private func entries(_ bench: Bench, deliveries: [Int]) async throws -> [String] {
        var ids: [String] = []
        for count in deliveries {
            let entry = try await bench.inject(.router, Samples.id(), round: 1)
            try await bench.age(entry.entry, in: bench.keys.accepted, "router", of: "a", deliveries: count)
            ids.append(entry.entry)
        }
        return ids
    }

    private func claim(
        _ bench: Bench, max: Int = 10, idle: Int = 5000, _ suspicion: Suspicion = Suspicion(maxStarts: 5), suspects: Bool = true,
        inHand: [String] = []
    ) async throws -> [StreamEntry] {
        try await bench.claim(as: "b", idle: idle, max: max, suspicion, suspects: suspects, inHand: inHand)
    }

    private func owners(_ bench: Bench) async throws -> [String] {
        (try await bench.send("XPENDING", bench.keys.accepted, "router", "-", "+", "100").array ?? []).compactMap { $0.array?[1].string }
    }

    @Test func `a claim takes what is idle, oldest first, at most as much as asked for`() async throws {
        try await withBench { bench in
            let ids = try await entries(bench, deliveries: [1, 1, 1])
            #expect(try await claim(bench, idle: 120_000).isEmpty)
            let claimed = try await claim(bench, max: 2)
            #expect(claimed.map(\.id) == Array(ids[..<2]))
            #expect(claimed.map(\.deliveries) == [2, 2])
            #expect(claimed.allSatisfy { $0.fields?.keys.sorted() == ["id", "round"] })
            #expect(try await owners(bench) == ["b", "b", "a"])
        }
    }

    @Test func `a claim leaves out what the claimer has in hand`() async throws {
        try await withBench { bench in
            let ids = try await entries(bench, deliveries: [1, 1, 1])
            #expect(try await claim(bench, max: 1, inHand: [ids[0], ids[1]]).map(\.id) == [ids[2]])
        }
    }

    @Test func `of suspects half of those that have come equally often come together, the least suspected first`() async throws {
        try await withBench { bench in
            let ids = try await entries(bench, deliveries: [2, 3, 1, 2, 3, 2, 2, 1, 3, 2])
            func next() async throws -> [Int] { try await claim(bench).map { entry in try #require(ids.firstIndex(of: entry.id)) } }
            #expect(try await next() == [2, 7], "no suspects")
            #expect(try await next() == [0, 3, 5])
            #expect(try await next() == [6])
            #expect(try await next() == [9])
            #expect(try await next() == [1, 4])
            #expect(try await next() == [8])
            #expect(try await next() == [])
        }
    }

    @Test func `before its last start an entry comes alone`() async throws {
        try await withBench { bench in
            let ids = try await entries(bench, deliveries: [4, 4, 4, 7])
            for id in ids { #expect(try await claim(bench).map(\.id) == [id]) }
            #expect(try await claim(bench).isEmpty)
        }
    }

    @Test(arguments: [(1, 1, 1), (2, 1, 1), (3, 2, 2), (4, 2, 3), (5, 2, 4), (100, 2, 99)])
    func `suspicion begins after two crashes, and never later than before the last start`(maxStarts: Int, from: Int, alone: Int) {
        let suspicion = Suspicion(maxStarts: maxStarts)
        #expect(suspicion.from == from && suspicion.aloneFrom == alone)
        #expect(!suspicion.isSuspect(deliveries: from) && suspicion.isSuspect(deliveries: from + 1))
        #expect(!suspicion.isOnLastStart(deliveries: alone) && suspicion.isOnLastStart(deliveries: alone + 1))
        #expect(!Suspicion.none.isSuspect(deliveries: 1000) && !Suspicion.none.isOnLastStart(deliveries: 1000))
    }

    @Test func `who may take no suspects takes what is none`() async throws {
        try await withBench { bench in
            let ids = try await entries(bench, deliveries: [3, 1])
            #expect(try await claim(bench, suspects: false).map(\.id) == [ids[1]])
            #expect(try await claim(bench, suspects: false).isEmpty)
            #expect(try await claim(bench).map(\.id) == [ids[0]])
        }
    }

    @Test func `events come together however often they have come`() async throws {
        try await withBench { bench in
            let ids = try await entries(bench, deliveries: [2, 1, 3, 1])
            #expect(try await claim(bench, .none).map(\.id) == ids)
        }
    }

    @Test func `an entry that was deleted from the stream is no entry`() async throws {
        try await withBench { bench in
            let ids = try await entries(bench, deliveries: [1, 1])
            try await bench.send("XDEL", bench.keys.accepted, ids[0])
            #expect(try await claim(bench).map(\.id) == [ids[1]])
            #expect(try await bench.pending(.router) == 1)
        }
    }

    @Test(arguments: [false, true])
    func `a renewal finds all that is in hand, in whatever order it is named, among entries of others and of its own`(isReversed: Bool) async throws {
        try await withBench { bench in
            let ids = try await entries(bench, deliveries: Array(repeating: 1, count: 60))
            let theirs = Set(ids.indices.filter { $0 % 3 == 0 }.map { ids[$0] })
            for id in theirs { try await bench.age(id, in: bench.keys.accepted, "router", of: "b", idle: 50_000) }
            // One of its own in ten is left out, as what a read that was cut off has left.
            let inHand = ids.indices.filter { $0 % 10 != 1 }.map { ids[$0] }
            let lost = try await bench.pipeline.run(
                Scripts.renew, keys: [bench.keys.accepted], ["router", "a"] + (isReversed ? inHand.reversed() : inHand))
            #expect(Set(lost.array?.first?.array?.compactMap(\.string) ?? []) == theirs.intersection(inHand))
            #expect(lost.array?.dropFirst() == [.array([])])
            let rows = try await bench.send("XPENDING", bench.keys.accepted, "router", "-", "+", "100").array ?? []
            let idle = Dictionary(uniqueKeysWithValues: rows.map { ($0.array?[0].string ?? "", $0.array?[2].integer ?? 0) })
            for id in ids { #expect((idle[id]! < 40_000) == (inHand.contains(id) && !theirs.contains(id))) }
            #expect(rows.allSatisfy { $0.array?[3].integer == 1 }, "a renewal is no delivery")
            #expect(Set(rows.filter { $0.array?[1].string == "b" }.compactMap { $0.array?[0].string }) == theirs)
        }
    }

    @Test func `positions have the order of the stream`() {
        let ids = ["x", "1-1", "999-5", "1700000000000-2", "1700000000000-12", "1700000000001-0", "18446744073709551615-18446744073709551615"]
        #expect(ids.shuffled().sorted { StreamPosition($0) < StreamPosition($1) } == ids)
    }

    @Test func `a renewal tells what was lost and what is over, and takes nothing back`() async throws {
        try await withBench { bench in
            let ids = try await entries(bench, deliveries: [1, 1, 1, 1])
            try await bench.send("XCLAIM", bench.keys.accepted, "router", "b", "0", ids[1])
            try await bench.send("XACK", bench.keys.accepted, "router", ids[2])
            let lost = try await bench.pipeline.run(Scripts.renew, keys: [bench.keys.accepted], ["router", "a"] + ids[..<3])
            #expect(lost.array == [.array([.string(ids[1])]), .array([.string(ids[2])])])
            #expect(try await owners(bench) == ["a", "b", "a"])
            let rows = try await bench.send("XPENDING", bench.keys.accepted, "router", "-", "+", "100").array?.compactMap(\.array) ?? []
            #expect(rows.map { $0[3].integer } == [1, 2, 1])
            // An entry that Redis lists under the consumer's name, but that the consumer does not have in hand, goes on ageing.
            #expect(try await claim(bench).map(\.id) == [ids[3]])
        }
    }

    // MARK: Many in hand

    private func reader(_ bench: Bench, as consumer: String, _ observer: RecordingObserver = RecordingObserver()) throws -> GroupReader {
        GroupReader(
            pipeline: bench.pipeline, reader: RedisReader(url: try #require(RedisURL(bench.url)), name: "reader"), keys: bench.keys,
            stream: bench.keys.accepted, group: "router", consumer: consumer, observer: observer)
    }

    @Test func `a claim names what is in hand only where an entry of its own is idle`() async throws {
        try await withRedis(appendonly: false) { server async throws in
            try await withBench(on: server) { bench async throws in
                let ids = try await entries(bench, deliveries: [1, 1, 1, 1, 1])
                let reader = try reader(bench, as: "b")
                // Redis has the script from then on.
                #expect(try await bench.claim(as: "c", idle: 3_600_000).isEmpty)
                let inHand = (0..<8000).map { "1700000000000-\($0)" } + ids[3...]
                func claim(lost: [String] = []) async throws -> (ids: [String], bytes: Int) {
                    let before = try await bench.counter("total_net_input_bytes:", in: "stats")
                    let found = try await reader.claim(
                        idle: .seconds(5), max: 1, Suspicion(maxStarts: 5), takesSuspects: true, lost: lost, inHand: inHand)
                    return (found.entries.map(\.id), try await bench.counter("total_net_input_bytes:", in: "stats") - before)
                }
                let first = try await claim(lost: [ids[0]])
                #expect(first.ids == [ids[1]] && first.bytes < 2000, "\(first.bytes) bytes: what was lost is left to others")
                for id in ids[3...] { try await bench.age(id, in: bench.keys.accepted, "router", of: "b") }
                #expect(try await claim().ids == [ids[0]], "its own is in hand, though it is idle")
                // What a read that was cut off has left is the consumer's own too.
                try await bench.age(ids[2], in: bench.keys.accepted, "router", of: "b")
                #expect(try await claim().ids == [ids[2]])
                #expect(try await claim().ids == [])
            }
        }
    }

    @Test func `thousands are handed back in pages, each start is taken off, and also what never came into hand goes back`() async throws {
        try await withRedis(appendonly: false) { server async throws in
            try await withBench(on: server) { bench async throws in
                var entries: [WorkEntry] = []
                for _ in 0..<700 {
                    _ = try await bench.place()
                    // Of a later delivery each start is counted.
                    entries.append(try await bench.take(.router).held(deliveries: 2))
                }
                try await together(entries) { try await bench.begin($0) }
                for number in stride(from: 0, to: 700, by: 5) { _ = try await bench.claim(entries[number], as: "b") }
                let inHand = entries.enumerated().filter { $0.offset % 7 != 3 }.map(\.element)
                let (observer, before) = (RecordingObserver(), try await bench.scriptRuns())
                try await reader(bench, as: "a", observer).release(inHand.shuffled())
                #expect(try await bench.scriptRuns() - before >= 3 && observer.releasedCount == 560 && observer.failures.isEmpty)
                let rows = try await bench.send("XPENDING", bench.keys.accepted, "router", "-", "+", "1000").array ?? []
                for (number, row) in rows.enumerated() {
                    let isLost = number % 5 == 0
                    #expect(row.array?[1].string == (isLost ? "b" : "a") && (row.array?[2].integer ?? 0 >= 3_600_000) == !isLost)
                    let starts = try await bench.send("HGET", bench.keys.order(entries[number].orderID), "d").string ?? ""
                    #expect(starts.hasPrefix(isLost || number % 7 == 3 ? "router:1:1:" : "router:1:0:"), "\(number) \(starts)")
                }
                #expect(rows.count == 700)
            }
        }
    }

    // MARK: Trim

    /// A stream with an entry of each age in seconds, and a group that has been given the first ones.
    private func stream(_ bench: Bench, ages: [UInt64], given: Int) async throws -> (key: String, made: UInt64) {
        try await bench.send("DEL", bench.keys.accepted)
        let now = try await bench.now()
        for age in ages { try await bench.send("XADD", bench.keys.accepted, "\(now - age * 1000)-0", "id", "x") }
        try await bench.pipeline.createGroups(bench.keys)
        if given > 0 { try await bench.send("XREADGROUP", "GROUP", "router", "a", "COUNT", String(given), "STREAMS", bench.keys.accepted, ">") }
        return (bench.keys.accepted, now)
    }

    /// The ages of the entries at the time when the stream was made.
    private func ages(_ bench: Bench, _ stream: (key: String, made: UInt64)) async throws -> [UInt64] {
        (try await bench.send("XRANGE", stream.key, "-", "+").array ?? []).compactMap { row in
            row.array?[0].string.flatMap { UInt64($0.prefix { $0 != "-" }) }.map { (stream.made - $0) / 1000 }
        }
    }

    @Test func `what is finished and older than a minute is cut off`() async throws {
        try await withBench { bench in
            let stream = try await stream(bench, ages: [300, 200, 100, 30, 20], given: 5)
            try await bench.pipeline.trim(bench.keys)
            try #require(try await ages(bench, stream) == [300, 200, 100, 30, 20], "all are pending")
            let ids = (try await bench.send("XRANGE", stream.key, "-", "+").array ?? []).compactMap { $0.array?[0].string }
            for id in [ids[0], ids[2], ids[3], ids[4]] { try await bench.send("XACK", stream.key, "router", id) }
            try await bench.pipeline.trim(bench.keys)
            #expect(try await ages(bench, stream) == [200, 100, 30, 20], "one is pending")
            try await bench.send("XACK", stream.key, "router", ids[1])
            try await bench.pipeline.trim(bench.keys)
            #expect(try await ages(bench, stream) == [30, 20], "none is pending")
        }
    }

    @Test func `what was not given to a group yet stays`() async throws {
        try await withBench { bench in
            let stream = try await stream(bench, ages: [300, 200, 100], given: 1)
            let first = try #require(try await bench.send("XRANGE", stream.key, "-", "+").array?[0].array?[0].string)
            try await bench.send("XACK", stream.key, "router", first)
            try await bench.send("XGROUP", "CREATE", stream.key, "audit", "0")
            try await bench.pipeline.trim(bench.keys)
            #expect(try await ages(bench, stream) == [300, 200, 100], "another group has read nothing")
            try await bench.send("XGROUP", "DESTROY", stream.key, "audit")
            try await bench.pipeline.trim(bench.keys)
            #expect(try await ages(bench, stream) == [300, 200, 100], "the last one given stays")
            try await bench.send("XREADGROUP", "GROUP", "router", "a", "COUNT", "1", "NOACK", "STREAMS", stream.key, ">")
            try await bench.pipeline.trim(bench.keys)
            #expect(try await ages(bench, stream) == [200, 100])
        }
    }

    @Test func `without its group a stream is not cut`() async throws {
        try await withBench { bench in
            let stream = try await stream(bench, ages: [300, 200], given: 2)
            try await bench.send("XGROUP", "DESTROY", stream.key, "router")
            try await bench.send("XGROUP", "CREATE", stream.key, "other", "$")
            try await bench.pipeline.trim(bench.keys)
            #expect(try await ages(bench, stream) == [300, 200])
            try await bench.send("DEL", stream.key)
            try await bench.pipeline.trim(bench.keys)
        }
    }

    @Test func `a stream is cut in pages until nothing is left to cut`() async throws {
        try await withBench { bench in
            let old = try await bench.now() - 300_000
            for start in stride(from: 0, to: 12_000, by: 1000) {
                let body = "for i = 1, 1000 do redis.call('XADD', KEYS[1], (ARGV[1] + i) .. '-0', 'n', i) end"
                try await bench.send("EVAL", body, "1", bench.keys.accepted, String(old + UInt64(start)))
            }
            try await bench.send("XGROUP", "SETID", bench.keys.accepted, "router", "$")
            let first = try await bench.pipeline.run(Scripts.trim, keys: [bench.keys.accepted], ["60000", "5000", "router"]).integer ?? 0
            #expect((4000...5000).contains(first), "no run is longer than a page")
            try await bench.pipeline.trim(bench.keys)
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1, "the last one given stays")
        }
    }

    @Test func `an entry in hand beyond what the group has been given keeps nothing from the others`() async throws {
        try await withBench { bench in
            let stream = try await stream(bench, ages: [300, 200, 100], given: 1)
            let ids = (try await bench.send("XRANGE", stream.key, "-", "+").array ?? []).compactMap { $0.array?[0].string }
            try await bench.send("XACK", stream.key, "router", ids[0])
            try await bench.send("XCLAIM", stream.key, "router", "a", "0", ids[2], "FORCE")
            try await bench.pipeline.trim(bench.keys)
            #expect(try await ages(bench, stream) == [300, 200, 100])
        }
    }

    // MARK: Reap

    @Test func `only names without a heartbeat that hold nothing are removed`() async throws {
        try await withBench { bench in
            for name in ["gone", "alive"] { try await bench.send("XGROUP", "CREATECONSUMER", bench.keys.accepted, "router", name) }
            _ = try await bench.inject(.router, Samples.id(), round: 1, as: "holder")
            try await bench.pipeline.reap(bench.keys, alive: ["alive"])
            #expect(try await consumers(bench) == ["alive", "gone", "holder"], "too young")
            try await bench.pipeline.reap(bench.keys, alive: ["alive"], minIdle: .zero)
            #expect(try await consumers(bench) == ["alive", "holder"])
        }
    }

    private func consumers(_ bench: Bench) async throws -> [String] {
        (try await bench.send("XINFO", "CONSUMERS", bench.keys.accepted, "router").array ?? []).compactMap { $0.array?[1].string }.sorted()
    }
}
