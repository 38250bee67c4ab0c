import Configuration
import EventLoop
import Observability
import Orders
import Postgres
import Redis
import ServiceKit
import Storage
import TestSupport
import Testing

@testable import NotifierService
@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct EventArchiveTests {
    private func entry(_ order: Order, _ event: OrderEvent, event text: String? = nil) -> EventEntry? {
        let fields = ["id": order.id.description, "seq": String(event.seq), "event": text ?? event.json, "order": order.json]
        return EventEntry(
            StreamEntry(
                id: .string("1-\(event.seq)"), fields: .array(fields.flatMap { [.string($0.key), .string($0.value)] }), deliveries: 1)!)
    }

    @Test func `a batch is stored but for the event that can never be, which is named with its SQLSTATE`() async throws {
        try await withProcess(NotifierSettings.self) { test in
            try await withStore { store, _ in
                #expect(await Schema(store: store, log: test.process.log).migrate(), "migrated before")
                let archive = EventArchive(store: store, log: test.process.log, metrics: test.process.metrics)
                let order = Samples.order()
                let events = eventsOfSuccess(order.id)
                let batch = [entry(order, events[0]), entry(order, events[1]), entry(order, events[2], event: "not JSON")].compactMap { $0 }
                try #require(batch.count == 3)
                let bad = try await archive.store(batch)
                #expect(bad.map(\.index) == [2])
                #expect(bad.first?.reason == "SQLSTATE_22P02")

                let history = StoredHistory(pipeline: test.pipeline, store: store)
                guard case .events(let stored, _) = await history.read(order.id) else {
                    Issue.record("the order is not in Postgres")
                    return
                }
                #expect(stored.map(\.seq) == [1, 2])
                #expect(test.process.metrics.render().contains("postgres_batch_events_count 1\n"))
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
                let events = eventsOfSuccess(order.id).filter { stored.contains($0.seq) }
                try await store.append(events.map { StoredEvent(orderID: order.id.description, seq: $0.seq, event: $0.json, order: order.json) })
                guard case .events(let shown, _) = await StoredHistory(pipeline: test.pipeline, store: store).read(order.id) else {
                    Issue.record("the order is not in Postgres")
                    return
                }
                #expect(shown.map(\.seq) == expected)
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
            let batch = [entry(order, eventsOfSuccess(order.id)[0])].compactMap { $0 }
            await #expect(throws: PostgresError.self) { try await archive.store(batch) }

            let history = StoredHistory(pipeline: test.pipeline, store: store)
            guard case .unavailable = await history.read(order.id) else {
                Issue.record("an order that cannot be looked for was called unknown")
                return
            }
            try await test.accept(order)
            guard case .events(let events, _) = await history.read(order.id) else {
                Issue.record("an order in Redis needs no Postgres")
                return
            }
            #expect(events.map(\.type) == [.pending])
            pool.close()
        }
    }
}
