import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct UserOrdersTests {
    @Test func `a user's orders are those that Redis has, with the time of the final event`() async throws {
        try await withBench { bench in
            let (over, entry) = try await bench.reach(.submitted, Samples.order(user: "u"))
            try await bench.written(.confirm(Samples.fill), entry)
            let cancelled = try await bench.place(Samples.order(user: "u"))
            #expect(try await bench.pipeline.cancel(cancelled.id) == .cancelled)
            let live = try await bench.place(Samples.order(user: "u"))
            _ = try await bench.place(Samples.order(user: "v"))
            _ = try await bench.place(Samples.order())
            let gone = try await bench.place(Samples.order(user: "u"))
            try await bench.send("DEL", bench.keys.order(gone.id))

            var ended: [OrderID: UInt64] = [:]
            for order in [over, cancelled] {
                let timestamp = try #require(try await bench.events(order).last).timestamp
                ended[order.id] = UInt64(try #require(Timestamp.parse(timestamp)))
            }
            let found = try await bench.pipeline.orders(ofUser: "u", limit: 100)
            #expect(found.count == 3)
            for id in [over.id, cancelled.id, live.id] { #expect(found.contains(UserOrder(id: id, placed: over.createdAt, ended: ended[id]))) }
            #expect(try await bench.pipeline.orders(ofUser: "nobody", limit: 100) == [])
        }
    }

    @Test func `when an order ended is a field of its own`() async throws {
        try await withBench { bench async throws in
            let order = try await bench.place(Samples.order(user: "u"))
            #expect(try await bench.field(order, "e") == "")
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            let ended = try await bench.field(order, "e")
            let timestamp = try #require(try await bench.events(order).last).timestamp
            #expect(UInt64(ended).map { Int64($0) } == Timestamp.parse(timestamp))
            #expect(try await bench.pipeline.orders(ofUser: "u", limit: 9).map(\.ended) == [UInt64(ended)])
        }
    }

    @Test func `only orders from a time on are looked at where that is asked for`() async throws {
        try await withBench { bench async throws in
            for score in [10, 20, 20, 30] {
                let id = Samples.id()
                try await bench.send("ZADD", bench.keys.user("u"), String(score), id.description)
                try await bench.send("HSET", bench.keys.order(id), "s", "routing 1 1 2 1768030217789 accepted:1-0")
            }
            let found = try await bench.pipeline.orders(ofUser: "u", limit: 9, placedFrom: 20)
            #expect(found.map(\.placed) == [20, 20, 30])
        }
    }

    @Test func `every order of a long list is found once, the oldest first, whatever their scores, and the newest where there are too many`()
        async throws
    {
        try await withBench { bench in
            // Three ids per millisecond, so that pages end between equal scores.
            let ids = (0..<1300).map { _ in Samples.id() }
            for (index, id) in ids.enumerated() {
                async let added = bench.send("ZADD", bench.keys.user("u"), String(1_768_030_217_789 + index / 3), id.description)
                try await bench.send("HSET", bench.keys.order(id), "s", "routing 1 1 2 1768030217789 accepted:1-0")
                _ = try await added
            }
            let found = try await bench.pipeline.orders(ofUser: "u", limit: 10_000).map(\.id)
            #expect(found.count == 1300 && Set(found) == Set(ids))
            let place = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0 / 3) })
            let places = found.compactMap { place[$0] }
            #expect(places == places.sorted())
            let newest = try await bench.pipeline.orders(ofUser: "u", limit: 700).map(\.id)
            #expect(newest == Array(found.suffix(700)))
        }
    }

    @Test func `a page goes on where the last one ended though orders leave the list meanwhile`() async throws {
        try await withBench { bench in
            for score in 1...6 { try await bench.send("ZADD", bench.keys.user("u"), String(score), "m\(score)") }
            let first = try await bench.send("ZREVRANGEBYSCORE", bench.keys.user("u"), "+inf", "-inf", "LIMIT", "0", "3").array?.compactMap(\.string)
            #expect(first == ["m6", "m5", "m4"])
            try await bench.send("ZREM", bench.keys.user("u"), "m5")
            let rows = try await bench.pipeline.run(
                Scripts.user, keys: [bench.keys.user("u")], [bench.keys.orderPrefix, "4", "1", "3", "0"]
            ).array?.compactMap(\.string)
            #expect(rows == ["m3", "3", "", "", "m2", "2", "", "", "m1", "1", "", ""])
        }
    }

    @Test func `the orders of all partitions are found`() async throws {
        try await withBench(PipelineSettings(partitions: 3)) { bench in
            var random = SystemRandomNumberGenerator()
            var placed: Set<OrderID> = []
            for partition in 0..<3 {
                let id = OrderID(milliseconds: 1_768_030_217_789, partition: UInt8(partition), random: &random)
                placed.insert(try await bench.place(Samples.order(id, user: "u")).id)
            }
            #expect(Set(try await bench.pipeline.orders(ofUser: "u", limit: 9).map(\.id)) == placed)
        }
    }

    @Test func `an order without a user is published once and is on no list`() async throws {
        try await withBench(PipelineSettings(orderStateTTL: 60_000)) { bench in
            let order = Samples.order()
            try await withListener(bench, [Keys.updates(order.id), Keys.updates(user: "")]) { heard in
                let (_, entry) = try await bench.reach(.submitted, order)
                try await bench.written(.confirm(Samples.fill), entry)
                try await bench.storeEvents()
                #expect(try await bench.timeToLive(order) > 0)
                let events = try await bench.events(order)
                try await eventually { heard.texts.count >= events.count }
                var fold = OrderFold(order)
                for text in heard.texts { try fold.add(Substring(text)) }
                #expect(fold.events == events)
                #expect(try await bench.send("EXISTS", bench.keys.leaving, bench.keys.user("")).integer == 0)
            }
        }
    }

    @Test func `all that are due leave their users' lists in one go`() async throws {
        try await withBench { bench in
            for number in 0..<1200 {
                try await bench.send("ZADD", bench.keys.leaving, number < 1100 ? "1" : "9000000000000", "m\(number):u\(number % 2)")
                try await bench.send("ZADD", bench.keys.user("u\(number % 2)"), "1", "m\(number)")
            }
            try await bench.pipeline.reap(bench.keys, alive: [])
            #expect(try await bench.send("ZCARD", bench.keys.leaving).integer == 100)
            #expect(try await bench.send("ZCARD", bench.keys.user("u0")).integer == 50)
            #expect(try await bench.send("ZCARD", bench.keys.user("u1")).integer == 50)
        }
    }
}
