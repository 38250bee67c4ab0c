import EventLoop
import Observability
import Orders
import Postgres
import TestSupport
import Testing

@testable import NotifierService
@testable import Storage

@Suite(.onLoop) @ServiceActor
struct OrderMonthsTests {
    private func log(_ lines: LineSink) -> Logger { Logger(service: "notifier", instance: "test", level: .info, format: .json, sink: lines) }

    private func row(at milliseconds: UInt64, _ status: OrderStatus = .confirmed) throws -> OrderRow {
        let sample = Samples.order()
        let id = try #require(OrderID(parsing: "\(OrderID.lowest(at: milliseconds).description.prefix(24))\(sample.id.description.suffix(12))"))
        let order = try Order(json: sample.json.replacing("\(sample.id)", with: "\(id)"))
        return OrderRow(
            order, details: order.json, seq: 7, status: status, updatedAt: milliseconds,
            events: eventsOfSuccess(id).map(\.json).joined(separator: "\n"))
    }

    /// The time of the server, in Unix milliseconds.
    private func now(_ store: OrderStore) async throws -> UInt64 {
        let time = try await store.pool.query("SELECT (extract(epoch FROM now()) * 1000)::bigint").first?[0]
        return try #require(time.flatMap { UInt64($0) })
    }

    private func parts(_ store: OrderStore) async throws -> Int {
        let count = try await store.pool.query("SELECT count(*) FROM pg_inherits WHERE inhparent = 'order_rows'::regclass").first?[0]
        return count.flatMap { Int($0) } ?? 0
    }

    @Test func `months are made ahead, and without an age no order goes`() async throws {
        try await withStore { store, _ in
            try await store.save([try row(at: now(store) - 1000 * 86_400_000)])
            let lines = LineSink()
            let months = OrderMonths(store: store, age: nil, log: log(lines))
            for _ in 0..<2 { await months.care() }
            #expect(try await parts(store) == 3)
            #expect(lines.texts.count == 1 && lines.texts[0].contains(#""event":"orders.months_made""#), "\(lines.texts)")
            #expect(try await store.page(OrderFilter(), limit: 9).orders.count == 1)
        }
    }

    @Test func `all old orders of the first part go, in as many portions as it takes, but for those that are not final`() async throws {
        try await withStore { store, _ in
            let now = try await now(store)
            let old = now - 100 * 86_400_000
            try await store.save(try (0..<1003).map { try row(at: old + UInt64($0)) } + [try row(at: old, .submitted), try row(at: now - 60_000)])
            let lines = LineSink()
            await OrderMonths(store: store, age: .seconds(90 * 86_400), log: log(lines)).care()
            #expect(try await store.page(OrderFilter(), limit: 9).orders.count == 2)
            #expect(lines.texts.contains { $0.contains(#""event":"orders.deleted","count":1003"#) }, "\(lines.texts)")
        }
    }

    @Test func `a role without the right is told of once, and everything goes on`() async throws {
        try await withStore { store, url in
            let name = "writer_\(UInt32.random(in: .min ... .max))"
            let script = "CREATE ROLE \(name) LOGIN; GRANT SELECT, INSERT, UPDATE ON order_rows TO \(name)"
            try await store.pool.withConnection { _ = try await $0.run(script: script) }
            let pool = try PostgresPool(url: url.replacing("postgres@", with: "\(name)@"), size: 2, name: "tests", waitTimeout: .seconds(20))
            try await alongside({ await pool.run() }, stop: { pool.close() }) {
                let lines = LineSink()
                let limited = OrderStore(pool: pool)
                let months = OrderMonths(store: limited, age: .seconds(86_400), log: log(lines))
                for _ in 0..<3 { await months.care() }
                #expect(lines.texts.count == 1 && lines.texts[0].contains("does not own order_rows"), "\(lines.texts)")
                try await limited.save([try row(at: now(store))])
                #expect(pool.trouble == nil)
            }
        }
    }

    @Test func `what fails is said, and is no reason to end`() async throws {
        try await withStore { store, _ in
            store.pool.close()
            let lines = LineSink()
            await OrderMonths(store: store, age: .seconds(86_400), log: log(lines)).care()
            #expect(lines.texts.count == 2 && lines.texts.allSatisfy { $0.contains(#""level":"warning""#) }, "\(lines.texts)")
        }
    }
}
