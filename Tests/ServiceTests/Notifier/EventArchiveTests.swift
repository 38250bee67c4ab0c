import Configuration
import EventLoop
import Observability
import Orders
import Postgres
import Redis
import ServiceKit
import Storage
import TestOrders
import TestSupport
import Testing

@testable import NotifierService
@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct EventArchiveTests {
    private static let time: UInt64 = 1_768_030_217_789

    /// An order as Redis has it, with its first two events.
    private func record(
        _ order: Order, details: String? = nil, lines: [String]? = nil, state: String = "routing 1 1 2 1768030217790 "
    ) -> OrderRecord {
        let events = [
            CompactEvent(.pending, progress: 0, message: EventMessage.pending, attempt: 1),
            CompactEvent(.routing, progress: 10, message: EventMessage.fetchingQuotes, attempt: 1),
        ]
        let text = events.enumerated().map { $1.line(at: Self.time + UInt64($0), seq: $0 + 1) }
        return OrderRecord(id: order.id, state: state, details: details ?? order.json, lines: lines ?? text)
    }

    @Test func `a batch is stored but for the orders that can never be, which are named with the reason`() async throws {
        try await withProcess(NotifierSettings.self) { test in
            try await withStore { store, _ in
                #expect(await Schema(store: store, log: test.process.log).migrate(), "migrated before")
                let archive = EventArchive(store: store, log: test.process.log, metrics: test.process.metrics)
                let order = Samples.order(user: "ann")
                let bad = [
                    record(Samples.order(), details: "not JSON"), record(Samples.order(), details: order.json), record(Samples.order(), state: ""),
                    record(Samples.order(), state: "unheard-of 1 1 2 3 "), record(Samples.order(), lines: ["{}"]), record(Samples.order(), lines: []),
                    record(Samples.order(), lines: ["{}", "\0"]),
                ]
                let refused = try await archive.store(Array(bad.prefix(3)) + [record(order)] + bad.dropFirst(3))
                #expect(refused.map(\.index).sorted() == [0, 1, 2, 4, 5, 6, 7])
                #expect(refused.filter { $0.index < 7 }.allSatisfy { $0.reason == "MALFORMED" })
                #expect(refused.last?.index == 7 && refused.last?.reason == "SQLSTATE_22021")

                let history = StoredHistory(pipeline: test.pipeline, store: store)
                guard case .order(let stored) = await history.read(order.id) else {
                    Issue.record("the order is not in Postgres")
                    return
                }
                #expect(stored.order == order && stored.events.map(\.seq) == [1, 2])
                let found = try await store.page(OrderFilter(userId: "ann", statuses: [.routing]), limit: 10).orders
                #expect(found.map(\.updatedAt) == ["2026-01-10T07:30:17.790Z"])
                #expect(test.process.metrics.render().contains("postgres_batch_events_sum 8\n"))
            }
        }
    }

    @Test(arguments: [([1, 3], [1]), ([6, 7], [6, 7])])
    func `what follows a gap in Postgres is not shown, because an event would be missing before it; of a final order everything is`(
        _ stored: [Int], _ expected: [Int]
    ) async throws {
        try await withProcess(NotifierSettings.self) { test in
            try await withStore { store, _ in
                let order = Samples.order()
                try await store.save(order, eventsOfSuccess(order.id).filter { stored.contains($0.seq) })
                guard case .order(let shown) = await StoredHistory(pipeline: test.pipeline, store: store).read(order.id) else {
                    Issue.record("the order is not in Postgres")
                    return
                }
                #expect(shown.events.map(\.seq) == expected)
            }
        }
    }

    @Test func `while Postgres is away nothing is called bad, and an order that is not in Redis is unavailable, not unknown`() async throws {
        try await withProcess(NotifierSettings.self) { test in
            let pool = try PostgresPool(url: "postgres://nobody@127.0.0.1:1/nothing", size: 1, name: "tests", waitTimeout: .milliseconds(50))
            let running = Loop.spawn { await pool.run() }
            defer { running.cancel() }
            let store = OrderStore(pool: pool)
            let archive = EventArchive(store: store, log: test.process.log, metrics: test.process.metrics)
            let order = Samples.order()
            let found = record(order)
            await #expect(throws: PostgresError.self) { try await archive.store([found]) }

            let history = StoredHistory(pipeline: test.pipeline, store: store)
            guard case .unavailable = await history.read(order.id) else {
                Issue.record("an order that cannot be looked for was called unknown")
                return
            }
            let hash = ["s", found.state, "o", found.details, "1", found.text]
            _ = try await test.redis.send(["HSET", test.keys.order(order.id)] + hash)
            guard case .order(let fold) = await history.read(order.id) else {
                Issue.record("an order in Redis needs no Postgres")
                return
            }
            #expect(fold.events.map(\.type) == [.pending, .routing])
            pool.close()
        }
    }
}
