import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Orders that wait for a price: where they are, and that each is fired once, at a mark that has reached its price.
@Suite(.onLoop) @ServiceActor
struct FiringTests {
    @Test func `an order that waits is in its set and on no stream`() async throws {
        try await withBench { bench in
            let order = Samples.waiting(at: "180.5", key: "k", user: "u")
            guard case .accepted(order.id, let job) = try await bench.hold(order) else { throw TestFailure("it was not accepted") }
            #expect(StreamPosition(job) != StreamPosition("0-0"))
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 0)
            #expect(try await bench.members(.above) == [PriceLevel.of("180.5").key + ":\(order.id)"])
            #expect(try await bench.pipeline.waitSets(in: [bench.keys]) == [[WaitSet(Samples.direction, .above)]])
            #expect(try await bench.send("ZSCORE", bench.keys.deadlines, order.id.description).string == "9000000000000")
            #expect(try await bench.state(order) == .open)
            #expect(try await bench.entry(order) == "waits")
            let event = try #require(try await bench.events(order).first)
            #expect(event.type == .open && event.status == .open && event.seq == 1 && event.waitsFor == .of("180.5"))
            #expect(event.message == "Order waits for 180.5 USDC")
            #expect(try await bench.pipeline.standing(order.id).0 == .armed)
            guard case .replay(order.id, job) = try await bench.hold(order) else { throw TestFailure("it was placed twice") }
        }
    }

    @Test func `a mark that has not reached the price fires nothing, and one that has fires once`() async throws {
        try await withBench { bench in
            let order = Samples.waiting()
            try await bench.hold(order)
            #expect(try await bench.fire(.above, at: "179.999999999999999999") == 0)
            #expect(try await bench.fire(.above, at: "180") == 1)
            #expect(try await bench.fire(.above, at: "181") == 0)
            let event = try #require(try await bench.events(order).last)
            #expect(event.type == .triggered && event.status == .pending && event.markPrice == .of("180") && event.message == "SOL is at 180 USDC")
            #expect(try await bench.members(.above).isEmpty)
            #expect(try await bench.send("ZCARD", bench.keys.deadlines).integer == 0)
            let entry = try await bench.work(order, to: .submitted)
            try await bench.written(.confirm(Samples.fill), entry)
            #expect(try await bench.state(order) == .confirmed)
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1)
        }
    }

    @Test func `what is due first is fired first, from either side of the price`() async throws {
        try await withBench { bench in
            let above = ["180", "180.000000000000000001", "9", "1000"].map { Samples.waiting(at: $0) }
            for order in above { try await bench.hold(order) }
            let below = ["150", "149.999999999999999999", "1000", "9"].map { Samples.waiting(.stop, at: $0) }
            for order in below { try await bench.hold(order) }
            #expect(try await bench.members(.above).map { OrderID(parsing: String($0.suffix(36))) } == [2, 0, 1, 3].map { above[$0].id })
            #expect(try await bench.members(.confirmedBelow).map { OrderID(parsing: String($0.suffix(36))) } == [2, 0, 1, 3].map { below[$0].id })
            #expect(try await bench.fire(.above, at: "180") == 2)
            #expect(try await bench.fire(.confirmedBelow, at: "150") == 2)
            #expect(try await bench.state(above[1]) == .open)
            #expect(try await bench.state(below[1]) == .open)
        }
    }

    @Test(arguments: [false, true]) func `a mark that is too old fires nothing`(oneByOne: Bool) async throws {
        try await withBench { bench in
            let order = Samples.waiting()
            try await bench.hold(order)
            let set = WaitSet(Samples.direction, .above)
            let old = Mark(.of("200"), at: try await bench.now() - 6000)
            let outcome = try await bench.pipeline.fire(
                set, upTo: set.key(of: old.price), old, "m", maxAge: 5000, oneByOne: oneByOne, in: bench.keys)
            guard case .stale(let age) = outcome else { throw TestFailure("an old mark was taken") }
            #expect(age >= 6000)
            #expect(try await bench.state(order) == .open)
            #expect(try await bench.members(.above).count == 1)
        }
    }

    /// What a script has written for one order, without ids and times.
    private func written(oneByOne: Bool) async throws -> [String] {
        var found: [String] = []
        try await withBench { bench in
            let order = Samples.waiting(at: "170", id: OrderID(parsing: "0198c1f2-0000-7000-8000-000000000000")!, user: "u")
            try await bench.hold(order)
            let waiting = try await bench.send("HGETALL", bench.keys.order(order.id)).array?.count
            let fired = try await bench.run(.above, at: "180.5", oneByOne: oneByOne).fired
            let place = try #require(try await bench.place(of: order))
            let job = place.entry.hasPrefix("accepted:")
            let line = try await bench.field(order, "2").replacing(/"(t|markAt)":\d+/, with: "")
            let entry = try await bench.send("XRANGE", bench.keys.accepted, "-", "+").array?.first?.array?[1].array?.compactMap(\.string) ?? []
            let counts = [try await bench.send("XLEN", bench.keys.events).integer, try await bench.send("XLEN", bench.keys.accepted).integer]
            let left = try await bench.send("ZCARD", bench.keys.deadlines).integer
            let more = try await bench.send("HGETALL", bench.keys.order(order.id)).array?.count
            found = [
                "\(fired) \(place.state) \(place.round) \(place.attempt) \(place.seq) \(job)", line, entry.joined(separator: " "), "\(counts)",
                "\(left ?? -1) \((more ?? 0) - (waiting ?? 0)) \(try await bench.field(order, "p"))",
                "\(try await bench.members(.above))",
            ]
        }
        return found
    }

    @Test func `the script for many orders writes what the script for one writes`() async throws {
        let (many, one) = (try await written(oneByOne: false), try await written(oneByOne: true))
        #expect(many == one)
        #expect(many.first == "1 pending 1 1 2 true")
    }

    @Test func `the script for many leaves what has to be looked at alone`() async throws {
        try await withBench { bench in
            let (profit, stop) = Samples.pair()
            try await bench.hold(profit, stop)
            let trailing = Samples.waiting(.trailingStop, trailingBps: 200)
            try await bench.hold(trailing, mark: "100")
            for kind in [WaitSet.Kind.above, .confirmedBelow] {
                let run = try await bench.run(kind, at: kind == .above ? "1000" : "1", oneByOne: false)
                #expect(run.fired == 0 && run.looked == run.kept && run.looked > 0)
            }
            for order in [profit, stop, trailing] { #expect(try await bench.state(order) == .open) }
        }
    }

    @Test func `many tickers at once fire each order once`() async throws {
        try await withBench { bench in
            let orders = (0..<120).map { Samples.waiting(at: "\(150 + $0)") }
            for order in orders { try await bench.hold(order) }
            let fired = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<24 { group.addTask { try await bench.fire(.above, at: "\(150 + 10 * (number % 6) + 9)") } }
                var fired = 0
                for try await count in group { fired += count }
                return fired
            }
            #expect(fired == 60)
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 60)
            for (index, order) in orders.enumerated() { #expect(try await bench.state(order) == (index < 60 ? .pending : .open)) }
        }
    }

    @Test func `a member that stands for nothing is removed and fires nothing`() async throws {
        try await withBench { bench in
            let order = Samples.waiting(at: "300")
            try await bench.hold(order)
            let set = bench.keys.waits(WaitSet(Samples.direction, .above))
            for member in ["\(PriceLevel.of("100").key):\(order.id)", "\(PriceLevel.of("101").key):\(Samples.id())", "x", "1:2:3"] {
                try await bench.send("ZADD", set, "0", member)
            }
            #expect(try await bench.fire(.above, at: "200") == 0)
            #expect(try await bench.state(order) == .open)
            #expect(try await bench.members(.above).contains("\(PriceLevel.of("300").key):\(order.id)"))
            #expect(try await bench.members(.above).filter { $0.contains(":") && $0.count == 75 }.count == 1)
        }
    }

    @Test(arguments: [false, true]) func `an order that cannot be read stays, and keeps no other from firing`(oneByOne: Bool) async throws {
        try await withBench { bench in
            let (odd, even) = (Samples.waiting(at: "170"), Samples.waiting(at: "171"))
            for order in [odd, even] { try await bench.hold(order) }
            try await bench.send("HSET", bench.keys.order(odd.id), "s", "later 1 1 1 1 waits")
            let run = try await bench.run(.above, at: "180", oneByOne: oneByOne)
            #expect(run == (2, 1, 1))
            #expect(try await bench.members(.above).count == 1)
            #expect(try await bench.state(even) == .pending)
            #expect(try await bench.run(.above, at: "180", skip: 1, oneByOne: oneByOne) == (0, 0, 0))
        }
    }

    @Test func `an empty set is forgotten, and one that is not stays`() async throws {
        try await withBench { bench in
            let order = Samples.waiting()
            try await bench.hold(order)
            let set = WaitSet(Samples.direction, .above)
            try await bench.pipeline.forget(set, in: bench.keys)
            #expect(try await bench.pipeline.waitSets(in: [bench.keys]) == [[set]])
            #expect(try await bench.state(order) == .open)
            try await bench.fire(.above, at: "180")
            try await bench.pipeline.forget(set, in: bench.keys)
            #expect(try await bench.pipeline.waitSets(in: [bench.keys]) == [[]])
            try await bench.hold(Samples.waiting())
            #expect(try await bench.pipeline.waitSets(in: [bench.keys]) == [[set]])
        }
    }

    // MARK: Waiting again

    @Test(arguments: [OrderState.routing, .building, .submitted])
    func `an order whose limit was not met waits again without an attempt, and can be fired again`(state: OrderState) async throws {
        try await withBench { bench in
            let order = Samples.waiting(at: "170")
            try await bench.hold(order)
            try await bench.fire(.above, at: "170")
            let entry = try await bench.work(order, to: state)
            try await bench.rest(order, in: state, entry, at: "175", delay: 60_000)
            let place = try #require(try await bench.place(of: order))
            #expect(place.state == .open && place.attempt == 1 && place.round == 2 && place.entry == "retries:waits:60000")
            #expect(try await bench.members(.above).isEmpty)
            #expect(try await bench.pending(entry.stage) == 0)
            #expect(try await bench.field(order, "t") == "")
            let event = try #require(try await bench.events(order).last)
            #expect(event.type == .open && event.waitsFor == .of("175") && event.message.contains("would bring 269 USDC"))
            #expect(try await bench.send("ZSCORE", bench.keys.deadlines, order.id.description).string != nil)
            // Its wait is over.
            try await bench.send("ZADD", bench.keys.retries, "1", "waits:\(order.id):2")
            #expect(try await bench.pipeline.promote(bench.keys) == 1)
            #expect(try await bench.members(.above) == [PriceLevel.of("175").key + ":\(order.id)"])
            #expect(try await bench.entry(order) == "waits")
            #expect(try await bench.fire(.above, at: "174") == 0)
            #expect(try await bench.fire(.above, at: "175") == 1)
            let again = try await bench.work(order, to: .submitted)
            #expect(again.round == 2)
            try await bench.written(.confirm(Samples.fill), again)
            #expect(try await bench.events(order).filter { $0.type == .triggered }.count == 2)
        }
    }

    @Test func `a failed attempt counts again from one after the order has waited`() async throws {
        try await withBench { bench in
            let order = Samples.waiting(at: "170")
            try await bench.hold(order)
            try await bench.fire(.above, at: "170")
            let entry = try await bench.work(order, to: .building)
            try await bench.written(Samples.failure(.network), entry)
            #expect(try await bench.place(of: order)?.attempt == 2)
            try await bench.pipeline.promote(bench.keys)
            let second = try await bench.take(.executor)
            try await bench.begin(second)
            try await bench.rest(order, in: .building, second)
            #expect(try await bench.place(of: order)?.attempt == 1)
            let work = try #require(try await bench.pipeline.snapshot(order.id))
            #expect(work.rests == 1)
        }
    }

    @Test func `a rest after another worker has submitted gives up no transaction`() async throws {
        try await withBench { bench in
            let order = Samples.waiting(at: "170")
            try await bench.hold(order)
            try await bench.fire(.above, at: "170")
            let entry = try await bench.work(order, to: .submitted)
            let trigger = Trigger(.above, .of("180"))
            let outcome = try await bench.pipeline.step(.rest(order, for: trigger, in: .building, got: nil, delay: 0), entry)
            #expect(outcome.dropped == .conflict)
            #expect(try await bench.state(order) == .submitted)
        }
    }

    // MARK: Amending

    @Test func `an amendment moves the order to its new price and its new end`() async throws {
        try await withBench { bench in
            var order = Samples.waiting()
            try await bench.hold(order)
            let spot = try await bench.pipeline.spots(of: [order.id])[0]
            order.terms?.limitPrice = .of("190")
            order.terms?.expiresAt = 8_000_000_000_000
            let waiting = try #require(order.waiting(at: nil))
            #expect(try await bench.pipeline.amend(order, to: waiting, seen: 2, spot, "m") == .changed(seq: 1))
            #expect(try await bench.pipeline.amend(order, to: waiting, seen: 1, "elsewhere", "m") == .changed(seq: 1))
            #expect(try await bench.pipeline.amend(order, to: waiting, seen: 1, spot, "Order amended") == .amended(seq: 2))
            #expect(try await bench.members(.above) == [PriceLevel.of("190").key + ":\(order.id)"])
            #expect(try await bench.send("ZSCORE", bench.keys.deadlines, order.id.description).string == "8000000000000")
            let fold = try #require(try await bench.pipeline.snapshot(order.id))
            #expect(fold.order.terms == order.terms && fold.events.last?.type == .amended && fold.events.last?.status == .open)
            #expect(try await bench.fire(.above, at: "180") == 0)
            #expect(try await bench.fire(.above, at: "190") == 1)
            #expect(try await bench.pipeline.amend(order, to: waiting, seen: 3, spot, "m") == .gone(.pending))
            #expect(try await bench.pipeline.amend(Samples.waiting(), to: waiting, seen: 1, spot, "m") == .unknown)
        }
    }

    @Test func `an order that waits for its next turn is amended where it is`() async throws {
        try await withBench { bench in
            var order = Samples.waiting(at: "170")
            try await bench.hold(order)
            try await bench.fire(.above, at: "170")
            try await bench.rest(order, in: .routing, try await bench.work(order, to: .routing), at: "170")
            let spot = try await bench.pipeline.spots(of: [order.id])[0]
            order.terms?.limitPrice = .of("160")
            let seq = try #require(try await bench.place(of: order)).seq
            #expect(
                try await bench.pipeline.amend(order, to: try #require(order.waiting(at: nil)), seen: seq, spot, "m") == .amended(seq: seq + 1))
            #expect(try await bench.members(.above).isEmpty)
            #expect(try await bench.pipeline.promote(bench.keys) == 1)
            #expect(try await bench.members(.above) == [PriceLevel.of("160").key + ":\(order.id)"])
        }
    }

    @Test func `how long an order took counts from the mark that reached its price`() async throws {
        try await withBench { bench in
            let order = Samples.waiting()
            try await bench.hold(order)
            try await bench.fire(.above, at: "180")
            var ends: [OrderEnd] = []
            bench.pipeline.onEnd = { ends.append($0) }
            try await bench.written(.confirm(Samples.fill), try await bench.work(order, to: .submitted))
            let age = try #require(ends.first?.age)
            // The id of a sample is years old.
            #expect(ends.count == 1)
            #expect(age < .seconds(60))
        }
    }

    // MARK: Trailing

    @Test func `a trailing trigger is in two sets, moves with the best price, and leaves both when it fires`() async throws {
        try await withBench { bench in
            let order = Samples.waiting(.trailingStop, trailingBps: 200)
            try await bench.hold(order, mark: "100")
            #expect(try await bench.members(.confirmedBelow) == [PriceLevel.of("98").descendingKey + ":\(order.id)"])
            #expect(try await bench.members(.peak) == [PriceLevel.of("100.04").key + ":\(order.id)"])
            let members = try await bench.trailing(to: "110")
            #expect(members.map(\.seen?.bps) == [200])
            let set = WaitSet(Samples.direction, .peak)
            #expect(try await bench.pipeline.trail(members, of: set, in: bench.keys) == 0)
            // A ticker that has read the old place is too late.
            #expect(try await bench.pipeline.trail(members, of: set, in: bench.keys) == 0)
            #expect(try await bench.members(.confirmedBelow) == [PriceLevel.of("107.8").descendingKey + ":\(order.id)"])
            #expect(try await bench.events(order).count == 1)
            #expect(try await bench.fire(.confirmedBelow, at: "107.8") == 1)
            #expect(try await bench.members(.peak).isEmpty)
            #expect(try await bench.members(.confirmedBelow).isEmpty)
        }
    }

    @Test func `a member for which nothing waits goes, and one that cannot be read now stays`() async throws {
        try await withBench { bench in
            let (order, away) = (Samples.waiting(.trailingStop, trailingBps: 200), Samples.waiting(.trailingStop, trailingBps: 200))
            for each in [order, away] { try await bench.hold(each, mark: "100") }
            try await bench.send("HSET", bench.keys.order(away.id), "s", "later 1 1 1 1 waits")
            let set = WaitSet(Samples.direction, .peak)
            let strays = ["\(set.key(of: .of("99"))):\(order.id)", "\(set.key(of: .of("99"))):\(Samples.id())"]
            for stray in strays { try await bench.send("ZADD", bench.keys.waits(set), "0", stray) }
            let members = try await bench.trailing(to: "110")
            #expect(members.count == 4)
            #expect(try await bench.pipeline.trail(members, of: set, in: bench.keys) == 1)
            let left = try await bench.members(.peak)
            #expect(Set(left.map { $0.suffix(36) }) == Set([order, away].map { $0.id.description.suffix(36) }))
            #expect(left.count == 2)
        }
    }

    // MARK: Limits

    @Test func `orders that wait count as open, a pair as two, until they end`() async throws {
        try await withBench { bench in
            let limits = try #require(AccountLimits(Account(owner: nil, user: "u"), openOrders: 2, ordersPerMinute: nil))
            let single = Samples.waiting(user: "u")
            guard case .accepted = try await bench.hold(single, limits: limits) else { throw TestFailure("the first was refused") }
            let (profit, stop) = Samples.pair()
            #expect(try await bench.hold(profit, stop, limits: limits) == .limited(.openOrders(2)))
            _ = try await bench.pipeline.cancel(single.id)
            guard case .accepted = try await bench.hold(profit, stop, limits: limits) else { throw TestFailure("the pair was refused") }
            #expect(try await bench.hold(Samples.waiting(user: "u"), limits: limits) == .limited(.openOrders(2)))
            _ = try await bench.pipeline.cancel(profit.id)
            #expect(try await bench.send("ZCARD", bench.keys.open(limits.account)).integer == 0)
        }
    }
}
