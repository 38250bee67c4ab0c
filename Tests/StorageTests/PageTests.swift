import EventLoop
import Orders
import Storage
import TestOrders
import TestSupport
import Testing

@Suite(.onLoop) @ServiceActor
struct PageTests {
    /// Twelve orders, of which every two have the same time; numbered from the oldest.
    private nonisolated static let lives = (0..<12).map { n in
        var life = n % 3 == 0 ? OrderLife.failed() : OrderLife.filled(amountIn: UInt64(n + 1))
        life.createdAt(1_768_030_000_000 + UInt64(n / 2) * 1000, userId: n % 2 == 0 ? "even" : "odd", clientOrderId: "key-\(n)")
        return life
    }

    private nonisolated static var newestFirst: [OrderLife] {
        lives.sorted { ($0.order.createdAt, $0.order.id.description) > ($1.order.createdAt, $1.order.id.description) }
    }

    private func withOrders(_ body: @ServiceActor (OrderStore) async throws -> Void) async throws {
        try await withStore { store, _ in
            try await store.append(Self.lives.flatMap(\.stored))
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
        (OrderFilter(from: 0, to: .max), Array(0..<12)), (OrderFilter(userId: "' OR true --"), []),
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

    @Test(arguments: [
        "", "_", "1", "x_018f0000-0000-7000-8000-000000000000", "1_no", "1_2_3", "99999999999999999999_018f0000-0000-7000-8000-000000000000",
    ])
    func `a cursor that was not given out is refused`(text: String) { #expect(OrderCursor(parsing: text) == nil) }
}
