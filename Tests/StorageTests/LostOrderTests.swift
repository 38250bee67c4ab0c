import EventLoop
import Orders
import Postgres
import Storage
import TestOrders
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct LostOrderTests {
    @Test func `what is under way here and nowhere else is lost, what is final is not looked at`() async throws {
        try await withStore { store, _ in
            let (open, lost, filled, failed) = (OrderLife(amountIn: 1), OrderLife(amountIn: 2), OrderLife.filled(), OrderLife.failed())
            try await store.save([open, lost, filled, failed].map(\.row))
            var asked: [OrderID] = []
            let found = try await store.lostOrders(unmovedFor: .seconds(1), listing: 10) { ids in
                asked = ids
                return [lost.order.id]
            }
            #expect(Set(asked) == [open.order.id, lost.order.id])
            #expect(found.count == 1 && found.checked == 2 && found.isComplete)
            let event = try #require(Timestamp.parse(lost.events[0].timestamp))
            #expect(found.listed == [LostOrder(id: lost.order.id, status: .pending, updatedAt: UInt64(event))])
        }
    }

    @Test func `those that wait for a price and those under way are compared apart, and a comparison goes on where one has ended`() async throws {
        try await withStore { store, pool in
            let lives = (0..<1500).map { OrderLife(amountIn: 1, at: 1_768_030_217_789 + UInt64($0)) }
            try await store.save(lives.map(\.row))
            _ = try await pool.query("UPDATE order_rows SET status = 'open' WHERE order_id <> '\(lives[7].order.id)'")
            let underWay = try await store.lostOrders(.underWay, unmovedFor: .seconds(1), listing: 5) { $0 }
            #expect(underWay.checked == 1)
            #expect(underWay.listed.map(\.id) == [lives[7].order.id])
            let first = try await store.lostOrders(.waiting, unmovedFor: .seconds(1), upTo: 1000, listing: 5) { _ in [] }
            #expect(first.checked == 1000)
            #expect(!first.isComplete)
            let rest = try await store.lostOrders(.waiting, unmovedFor: .seconds(1), after: first.last, upTo: 1000, listing: 5) { _ in [] }
            #expect(rest.checked == 499)
            #expect(rest.isComplete)
            #expect(rest.last == nil)
        }
    }

    @Test func `an order that ends between the two looks is not lost`() async throws {
        try await withStore { store, _ in
            let life = OrderLife.filled()
            try await store.save([life.row(upTo: 4)])
            let found = try await store.lostOrders(unmovedFor: .seconds(1), listing: 10) { ids in
                try await store.save([life.row])
                return ids
            }
            #expect(found.count == 0 && found.checked == 1 && found.listed.isEmpty)
        }
    }

    @Test func `an order that has just moved is left for the next time`() async throws {
        try await withStore { store, pool in
            try await store.save([OrderLife().row])
            _ = try await pool.query("UPDATE order_rows SET updated_at = now() - interval '30 seconds'")
            #expect(try await store.lostOrders(unmovedFor: .seconds(60), listing: 1) { $0 }.checked == 0)
            #expect(try await store.lostOrders(unmovedFor: .seconds(10), listing: 1) { $0 }.count == 1)
        }
    }

    @Test func `more orders than a portion are all looked at once, the oldest are listed`() async throws {
        try await withStore { store, pool in
            // Many of one moment: the portions end amid them.
            let lives = (0..<2300).map { OrderLife(amountIn: 1, userId: "u", clientOrderId: "c", at: 1_768_030_217_789 + UInt64($0 / 700)) }
            for start in stride(from: 0, to: lives.count, by: 500) {
                try await store.save(lives[start..<min(start + 500, lives.count)].map(\.row))
            }
            var asked: [OrderID] = []
            let found = try await store.lostOrders(unmovedFor: .seconds(1), listing: 3) { ids in
                asked += ids
                return Array(ids.suffix(2))
            }
            #expect(asked.count == 2300 && Set(asked) == Set(lives.map(\.order.id)))
            #expect(found.checked == 2300 && found.count == 6)
            #expect(found.listed.map(\.id) == [asked[998], asked[999], asked[1998]])
            #expect(asked.map(\.milliseconds) == lives.map(\.order.createdAt))
        }
    }
}
