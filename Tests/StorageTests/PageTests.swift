import EventLoop
import Orders
import Postgres
import TestOrders
import TestSupport
import Testing

@testable import Storage

@Suite(.onLoop) @ServiceActor
struct PageTests {
    /// Twelve orders, of which every two have the same time; numbered from the oldest.
    private nonisolated static let lives = (0..<12).map { n in
        let (user, key, time): (UserID, String, UInt64) = (n % 2 == 0 ? "even" : "odd", "key-\(n)", 1_768_030_000_000 + UInt64(n / 2) * 1000)
        if n % 3 == 0 { return OrderLife.failed(userId: user, clientOrderId: key, at: time) }
        return OrderLife.filled(amountIn: UInt64(n + 1), userId: user, clientOrderId: key, at: time)
    }

    private nonisolated static var newestFirst: [OrderLife] {
        lives.sorted { ($0.order.createdAt, $0.order.id.description) > ($1.order.createdAt, $1.order.id.description) }
    }

    private func withOrders(_ body: @ServiceActor (OrderStore) async throws -> Void) async throws {
        try await withStore { store, _ in
            try await store.save(Self.lives.map(\.row))
            try await body(store)
        }
    }

    @Test func `pages of any size give every order once, newest first`() async throws {
        try await withOrders { store in
            for limit in [1, 2, 5, 11, 12, 100] {
                let seen = try await ids(store, limit: limit)
                #expect(seen == Self.newestFirst.map(\.order.id), "pages of \(limit)")
            }
        }
    }

    private func ids(_ store: OrderStore, limit: Int) async throws -> [OrderID] {
        var seen: [OrderID] = []
        var cursor: OrderCursor?
        repeat {
            let page = try await store.page(OrderFilter(), limit: limit, after: cursor)
            #expect(page.orders.count <= limit && !page.orders.isEmpty)
            seen += page.orders.map(\.order.id)
            cursor = page.next.flatMap { OrderCursor(parsing: $0.description) }
        } while cursor != nil
        return seen
    }

    /// Without statistics, a page must not depend on a good guess: what a page of these filters reads is bounded by an index.
    @Test(arguments: [
        (OrderFilter(), "order_rows_first_pkey"), (OrderFilter(userId: "even"), "order_rows_first_user"),
        (OrderFilter(clientOrderId: "key-7"), "order_rows_first_client_order"), (OrderFilter(statuses: [.failed]), "order_rows_first_status"),
        (OrderFilter(from: 1_768_030_001_000, to: 1_768_030_003_000), "order_rows_first_pkey"),
    ])
    func `a page is read from an index in order, without a sort`(filter: OrderFilter, index: String) async throws {
        try await withStore { store, pool in
            try await store.save(Self.lives.map(\.row))
            try await pool.withConnection { connection in
                try await connection.run(script: "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")
                var statement = PageStatement(filter, OrderCursor(after: Self.lives[9].order))
                let plan = try await connection.query("EXPLAIN " + statement.text(limit: 50), statement.parameters).rows.compactMap { $0[0] }
                #expect(plan.contains { $0.contains("using \(index) on order_rows_first ") }, "\(plan)")
                #expect(!plan.contains { $0.contains("Sort") }, "\(plan)")
            }
        }
    }

    @Test func `a listed order looks as one that is read by its id`() async throws {
        try await withOrders { store in
            let page = try await store.page(OrderFilter(), limit: 12)
            #expect(page.orders == Self.newestFirst.map { OrderView(order: $0.order, events: $0.events) })
            #expect(page.next == nil)
        }
    }

    private nonisolated static let filters: [(filter: OrderFilter, expected: [Int])] = [
        (OrderFilter(userId: "even"), [0, 2, 4, 6, 8, 10]), (OrderFilter(clientOrderId: "key-7"), [7]), (OrderFilter(userId: "nobody"), []),
        (OrderFilter(statuses: [.failed]), [0, 3, 6, 9]), (OrderFilter(statuses: [.confirmed, .failed], clientOrderId: "key-3"), [3]),
        (OrderFilter(statuses: [.pending]), []), (OrderFilter(from: 1_768_030_004_000), [8, 9, 10, 11]),
        (OrderFilter(to: 1_768_030_001_000), [0, 1]),
        (OrderFilter(userId: "odd", statuses: [.confirmed], from: 1_768_030_001_000, to: 1_768_030_003_000), [5]),
        (OrderFilter(from: 0, to: .max), Array(0..<12)), (OrderFilter(from: .max), []), (OrderFilter(to: 0), []),
        (OrderFilter(from: 1_768_030_001_001), [4, 5, 6, 7, 8, 9, 10, 11]), (OrderFilter(to: 1_768_030_001_001), [0, 1, 2, 3]),
        (OrderFilter(userId: "' OR true --"), []),
    ]

    @Test func `a filter lets through what it names`() async throws {
        try await withOrders { store in
            for (filter, expected) in Self.filters {
                let found = try await store.page(filter, limit: 100).orders.map(\.order.id)
                #expect(Set(found) == Set(expected.map { Self.lives[$0].order.id }), "\(filter)")
                #expect(found.count == expected.count, "\(filter)")
            }
        }
    }

    @Test func `a cursor is the id of an order, whatever time an earlier version has put before it`() throws {
        let order = Self.lives[9].order
        let cursor = OrderCursor(after: order)
        #expect(cursor.description == "\(order.createdAt)_\(order.id)" && OrderCursor(parsing: cursor.description) == cursor)
        #expect(OrderCursor(parsing: "0_\(order.id)") == cursor && OrderCursor(parsing: "\(order.id)") == nil)
    }

    @Test(arguments: [
        "", "_", "1", "x_018f0000-0000-7000-8000-000000000000", "1_no", "1_2_3", "99999999999999999999_018f0000-0000-7000-8000-000000000000",
    ])
    func `a cursor that was not given out is refused`(text: String) { #expect(OrderCursor(parsing: text) == nil) }
}
