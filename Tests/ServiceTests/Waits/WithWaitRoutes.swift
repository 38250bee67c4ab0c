import Configuration
import EventLoop
import JSON
import Orders
import Postgres
import Redis
import ServiceKit
import Storage
import TestOrders
import TestSupport

@testable import GatewayService
@testable import Pipeline

/// The routes for orders that wait, with marks that a test decides.
@ServiceActor
struct WaitBench {
    let test: TestProcess<GatewaySettings>
    let marks: FakeMarks
    let http: HTTPExchange

    /// The price of SOL for a sale; nil for none that is known.
    func mark(_ price: String?) async throws {
        marks.prices = [:]
        // A mark of a minute ahead does not grow old while the machine is busy.
        if let price { try marks.set(price, Samples.direction, at: UInt64(try await test.now()) + 60_000) }
    }

    func pair(_ orders: String, key: String? = nil) async throws -> Answer {
        try await http.send("POST", "/api/orders/oco", key.map { ["Idempotency-Key: \($0)"] } ?? [], body: #"{"orders":[\#(orders)]}"#)
    }

    func amend(_ id: OrderID, _ body: String, ifMatch tag: String? = nil) async throws -> Answer {
        try await http.send("PATCH", "/api/orders/\(id)", tag.map { ["If-Match: \($0)"] } ?? [], body: body)
    }

    /// Places an order that sells 1.5 SOL.
    func place(_ members: String) async throws -> OrderID {
        let answer = try await http.post(#"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,\#(members)}"#)
        guard let id = answer["orderId"]?.string.flatMap({ OrderID(parsing: $0) }) else { throw TestFailure(answer.body) }
        return id
    }

    func place(of id: OrderID) async throws -> [String] {
        let values = try await test.redis.send(["HMGET", test.keys.order(id), "w", "n", "k"]).array ?? []
        return values.map { $0.string ?? "" }
    }

    /// Fires an order, which then rests for a price.
    func rest(_ id: OrderID, at price: String) async throws {
        let mark = Mark(.of("1000000"), at: UInt64(try await test.now()))
        for kind in WaitSet.Kind.allCases {
            _ = try await test.pipeline.fire(
                WaitSet(Samples.direction, kind), upTo: String(repeating: "9", count: 38), mark, "m", maxAge: 60_000, in: test.keys)
        }
        let entry = try await test.take(.router)
        _ = try await test.pipeline.begin(entry)
        guard let order = try await test.pipeline.snapshot(id)?.order else { throw TestFailure("there is no order") }
        _ = try await test.pipeline.step(.rest(order, for: Trigger(.above, .of(price)), in: .routing, got: nil, delay: 0), entry)
        try await test.promoteAll()
    }
}

@ServiceActor
func withWaitRoutes(
    mark: String? = "160", _ environment: [String: String] = [:], _ body: @ServiceActor (WaitBench) async throws -> Void
) async throws {
    try await withProcess(GatewaySettings.self, environment) { test in
        let marks = FakeMarks()
        let triggers = TriggerCheck(marks, test.process)
        let acceptance = try test.acceptance(marks: marks)
        let postgres = try PostgresPool(url: test.settings.database.text, size: 1, name: "test", needsWriting: false)
        let reading = OrderReading(pipeline: test.pipeline, store: OrderStore(pool: postgres))
        OrderRoutes(
            acceptance: acceptance, reading: reading, distances: Distances(triggers: triggers, pipeline: test.pipeline), process: test.process,
            publicURL: test.settings.publicURL, tokenLife: test.settings.socketTokenTTL
        ).add(to: test.process.router)
        WaitRoutes(acceptance: acceptance, reading: reading, triggers: triggers, process: test.process).add(to: test.process.router)
        try await withServer(test.process) { http in
            let bench = WaitBench(test: test, marks: marks, http: http)
            try await bench.mark(mark)
            try await body(bench)
        }
    }
}
