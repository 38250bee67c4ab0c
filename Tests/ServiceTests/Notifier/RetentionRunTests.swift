import EventLoop
import Observability
import Orders
import Postgres
import TestSupport
import Testing

@testable import NotifierService
@testable import Storage

@Suite(.onLoop) @ServiceActor
struct RetentionRunTests {
    @Test func `the retention works until nothing is due, however much that is, and leaves what is not`() async throws {
        try await withStore { store, _ in
            // Twelve and a half portions of orders that are due, and two orders that are not: one is new, one is under way.
            let time = try await store.pool.query("SELECT (extract(epoch FROM now()) * 1000)::bigint").first?[0]
            let now = try #require(time.flatMap { UInt64($0) })
            let rows = (1...1252).map { n in
                let order = Samples.order()
                return OrderRow(
                    order, details: order.json, seq: 7, status: n == 1 ? .submitted : .confirmed,
                    updatedAt: now - (n == 2 ? 60_000 : 3 * 86_400_000),
                    events: eventsOfSuccess(order.id).map(\.json).joined(separator: "\n"))
            }
            try await store.save(rows)
            let lines = LineSink()
            let log = Logger(service: "notifier", instance: "test", level: .info, format: .json, sink: lines)
            await Retention(store: store, age: .seconds(86_400), log: log).deleteDue()
            // Of each order the events stay that a view of it has values from: the last one has all of them.
            let left = try await store.pool.query("SELECT count(*) AS n, count(*) FILTER (WHERE seq = 1) AS first FROM order_events").first
            #expect(left?.values == ["1264", "2"])
            #expect(lines.texts.count == 1 && lines.texts[0].contains(#""event":"events.deleted","count":7500,"orders":1250"#))
        }
    }
}
