import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Tests orders that a script meets and cannot read, as while keys move to another server. They are left as they are, and taken up later.
@Suite(.onLoop) @ServiceActor
struct UnreadableTests {
    /// Makes a key unreadable while `body` runs. Returns all reasons that were reported meanwhile.
    private func withoutKey(_ bench: Bench, _ key: String, _ body: @ServiceActor () async throws -> Void) async throws -> [ScriptOmission] {
        var omissions: [ScriptOmission] = []
        bench.pipeline.onOmission = { omissions.append($0) }
        try await bench.send("RENAME", key, "elsewhere")
        try await bench.send("SET", key, "x")
        try await body()
        try await bench.send("RENAME", "elsewhere", key)
        bench.pipeline.onOmission = nil
        return omissions
    }

    private func expectTold(_ omissions: [ScriptOmission], _ script: String) {
        #expect(omissions.map(\.script) == [script])
        #expect(omissions.allSatisfy { $0.kind == .unreadable && $0.count == 1 && $0.reason.hasPrefix("WRONGTYPE") }, "\(omissions)")
    }

    @Test func `a due retry whose order cannot be read comes later, and holds nobody up`() async throws {
        try await withBench { bench async throws in
            let (order, _) = try await bench.reach(.waiting)
            let (other, _) = try await bench.reach(.waiting)
            let told = try await withoutKey(bench, bench.keys.order(order.id)) { () async throws in
                #expect(try await bench.pipeline.promote(bench.keys) == 1)
                #expect(try await bench.take(.executor).orderID == other.id)
                #expect(try await bench.pipeline.promote(bench.keys) == 0)
            }
            expectTold(told, "promote")
            try await eventually { try await bench.pipeline.promote(bench.keys) == 1 }
            let entry = try await bench.take(.executor)
            #expect(entry.orderID == order.id)
            #expect(try await bench.entry(order) == "routed:\(entry.entry)")
        }
    }

    @Test func `a deadline whose order cannot be read is swept later, and holds nobody up`() async throws {
        try await withBench { bench async throws in
            let orders = [try await bench.place(Samples.order(deadline: 1000)), try await bench.place(Samples.order(deadline: 1000))]
            let told = try await withoutKey(bench, bench.keys.order(orders[0].id)) { () async throws in
                #expect(try await bench.pipeline.sweep(bench.keys) == 1)
                #expect(try await bench.state(orders[1]) == .failed)
            }
            expectTold(told, "sweep")
            try await eventually { try await bench.pipeline.sweep(bench.keys) == 1 }
            #expect(try await bench.state(orders[0]) == .failed)
            #expect(try await bench.send("ZCARD", bench.keys.deadlines).integer == 0)
        }
    }

    @Test func `an entry whose order cannot be read stays unacknowledged, the others of its batch are settled`() async throws {
        try await withBench { bench async throws in
            let orders = [try await bench.place(), try await bench.place()]
            let entries = try await bench.unstored()
            let told = try await withoutKey(bench, bench.keys.order(orders[0].id)) { try await bench.pipeline.stored(entries, bench.keys) }
            expectTold(told, "stored")
            #expect(try await bench.isStored(orders[0]) == false)
            #expect(try await bench.isStored(orders[1]))
            #expect(try await bench.send("XPENDING", bench.keys.events, persistGroup).array?[0].integer == 1)
            try await bench.pipeline.stored(entries, bench.keys)
            #expect(try await bench.isStored(orders[0]))
            #expect(try await bench.send("XPENDING", bench.keys.events, persistGroup).array?[0].integer == 0)
        }
    }

    @Test func `an order leaves its user's list later where that cannot be read`() async throws {
        try await withBench { bench async throws in
            let order = try await bench.place(Samples.order(user: "u"))
            try await bench.send("ZADD", bench.keys.leaving, "1000", "\(order.id):u")
            let told = try await withoutKey(bench, bench.keys.user("u")) { try await bench.pipeline.reap(bench.keys, alive: []) }
            expectTold(told, "leaving")
            try await eventually { () async throws in
                try await bench.pipeline.reap(bench.keys, alive: [])
                return try await bench.send("ZCARD", bench.keys.leaving).integer == 0
            }
            #expect(try await bench.send("EXISTS", bench.keys.user("u")).integer == 0)
        }
    }
}
