import Configuration
import EventLoop
import HTTP
import JSON
import Observability
import Orders
import Pipeline
import Postgres
import Redis
import Synchronization
import TestOrders
import TestSupport
import Testing

@testable import GatewayService
@testable import NotifierService
@testable import Storage

/// The gateway's routes for dead letters and lost orders, on a real Redis and a real Postgres.
@ServiceActor
private final class Operations {
    let pipeline: OrderPipeline
    let store: OrderStore
    let server: HTTPServer
    private let redis: RedisClient
    private let postgres: PostgresPool
    private let client = HTTPClient()
    private var running: [Task<Void, Never>] = []
    var keys: Keys { pipeline.partitions[0] }

    init(redis url: String, postgres database: String) throws {
        redis = RedisClient(url: try #require(RedisURL(url)), name: "operations")
        pipeline = OrderPipeline(redis: redis, settings: PipelineSettings())
        postgres = try PostgresPool(
            url: database, size: 2, name: "operations", connectTimeout: .seconds(30), statementTimeout: .seconds(30), waitTimeout: .seconds(30))
        store = OrderStore(pool: postgres)
        let router = HTTPRouter()
        server = HTTPServer(bind: "127.0.0.1", router: router)
        DeadLetterRoutes(pipeline: pipeline, store: store).add(to: router)
        ReconcileRoutes(pipeline: pipeline, store: store).add(to: router)
    }

    func start(migrated: Bool) async throws {
        running = [Loop.spawn { await self.redis.run() }, Loop.spawn { await self.postgres.run() }]
        try await redis.connected(within: .seconds(20))
        try await pipeline.createGroups(keys)
        if migrated { _ = try await store.migrate() }
        try server.start()
    }

    /// Serves without a connection to either server.
    func startAlone() throws { try server.start() }

    func stop() async {
        await server.stop(within: .milliseconds(200))
        redis.close()
        postgres.close()
        for task in running { await task.value }
    }

    @discardableResult
    func send(_ command: String...) async throws -> RedisValue { try await redis.send(command) }

    func ask(_ method: String, _ path: String) async throws -> (status: Int, body: JSONValue) {
        let answer = try await client.send(
            method, "http://127.0.0.1:\(server.port)/api/\(path)", body: method == "POST" ? [] : nil, timeout: .seconds(20))
        return (answer.status, try JSONValue.parse(answer.body))
    }

    func place() async throws -> Order {
        let order = makeOrder()
        let outcome = try await pipeline.accept([NewOrder(order)], idempotencyTTL: 60_000, before: .max / 1000, timeout: .seconds(5))
        guard case .accepted = outcome else { throw TestFailure("the order was not accepted: \(outcome)") }
        return order
    }

    /// Adds a letter of an entry of the router's stream. Returns its id.
    @discardableResult
    func letter(_ reason: String, order: String = "", fields: [String] = ["f:id", "x"]) async throws -> String {
        let command = ["XADD", keys.dead, "*", "reason", reason, "stream", "accepted", "group", "router", "orderId", order, "deliveries", "2"]
        return "0-" + (try await redis.send(command + fields).string ?? "?")
    }

    /// Stores all orders that the stream names, as the notifier does.
    func storeEvents() async throws {
        let rows = try await send("XRANGE", keys.events, "-", "+").array ?? []
        let ids = rows.compactMap { $0.array?[1].array?[1].string.flatMap { OrderID(parsing: $0) } }
        for record in try await pipeline.records(ids).compactMap({ $0 }) {
            let fold = try record.fold()
            try await store.save(fold.order, fold.events)
        }
    }
}

private func makeOrder() -> Order {
    var random = SystemRandomNumberGenerator()
    return Order(
        id: OrderID(milliseconds: 1_768_030_217_789, partition: 0, random: &random), tokenIn: .sol, tokenOut: .usdc, amountIn: BaseUnits(1_000),
        slippageBps: 100, slippage: "0.01", createdAt: 1_768_030_217_789, maxAttempts: 3, fingerprint: "f")
}

@ServiceActor
private func withOperations(needsPostgres: Bool = true, _ body: @ServiceActor (Operations) async throws -> Void) async throws {
    let database = needsPostgres ? try await PostgresServer.shared().database() : "postgres://nobody@127.0.0.1:1/nothing"
    let operations = try Operations(redis: try await RedisServer.shared().database(), postgres: database)
    do {
        try await operations.start(migrated: needsPostgres)
        try await body(operations)
    } catch {
        await operations.stop()
        throw error
    }
    await operations.stop()
}

@Suite(.onLoop) @ServiceActor
struct DeadLetterRouteTests {
    @Test func `letters are listed in pages with every key`() async throws {
        try await withOperations(needsPostgres: false) { operations in
            #expect(try await operations.ask("GET", "dead-letters") == (200, try JSONValue.parse(#"{"deadLetters":[],"nextCursor":null}"#)))
            let first = try await operations.letter("MALFORMED", fields: ["f:junk", "x", "f:more", ""])
            let second = try await operations.letter("WRONG_STATE", order: "some")
            let (status, body) = try await operations.ask("GET", "dead-letters?limit=1")
            #expect(status == 200 && body["nextCursor"]?.string == first)
            let letter = try #require(body["deadLetters"]?.array?.first)
            #expect(letter.object?.map(\.name) == ["id", "reason", "stream", "orderId", "deliveries", "at", "fields"])
            #expect(letter["id"]?.string == first && letter["orderId"]?.isNull == true && letter["deliveries"]?.integer == 2)
            #expect(letter["fields"]?.serialized == #"{"junk":"x","more":""}"#)
            let rest = try await operations.ask("GET", "dead-letters?limit=1&cursor=\(first)").body
            #expect(rest["deadLetters"]?.array?.map { $0["id"]?.string } == [second] && rest["nextCursor"]?.isNull == true)
        }
    }

    @Test(arguments: [("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor")])
    func `a page that cannot be is refused by its field`(_ query: String, _ field: String) async throws {
        try await withOperations(needsPostgres: false) { operations in
            let (status, body) = try await operations.ask("GET", "dead-letters?\(query)")
            #expect(status == 400 && body["code"]?.string == "BAD_REQUEST")
            #expect(body["errors"]?.array?.first?["field"]?.string == field)
        }
    }

    @Test(arguments: ["0-1-1", "7-1-1", "nonsense"])
    func `a letter that is not there is unknown to both`(_ id: String) async throws {
        try await withOperations(needsPostgres: false) { operations in
            for (method, path) in [("POST", "dead-letters/\(id)/retry"), ("DELETE", "dead-letters/\(id)")] {
                let (status, body) = try await operations.ask(method, path)
                #expect(status == 404 && body["code"]?.string == "UNKNOWN_LETTER" && body["success"]?.bool == false)
            }
        }
    }

    @Test func `a letter is put back, another dropped, and both are gone`() async throws {
        try await withOperations(needsPostgres: false) { operations in
            let (kept, dropped) = (try await operations.letter("MALFORMED"), try await operations.letter("MALFORMED"))
            let (status, body) = try await operations.ask("POST", "dead-letters/\(kept)/retry")
            #expect(status == 200 && body["success"]?.bool == true && body["id"]?.string == kept && body["stream"]?.string == "accepted")
            let rows = try await operations.send("XRANGE", operations.keys.accepted, "-", "+").array ?? []
            #expect(rows.map { $0.array?[0].string } == [body["entry"]?.string])
            #expect(try await operations.ask("DELETE", "dead-letters/\(dropped)").status == 200)
            #expect(try await operations.ask("GET", "dead-letters").body["deadLetters"]?.array == [])
        }
    }

    @Test func `an order that has ended is told apart, in Redis and after it has left Redis`() async throws {
        try await withOperations { operations in
            let order = try await operations.place()
            #expect(try await operations.pipeline.cancel(order.id) == .cancelled)
            let letter = try await operations.letter("WRONG_STATE", order: order.id.description)
            let inRedis = try await operations.ask("POST", "dead-letters/\(letter)/retry")
            #expect(inRedis.status == 409 && inRedis.body["code"]?.string == "ORDER_FINAL")

            try await operations.storeEvents()
            try await operations.send("DEL", operations.keys.order(order.id))
            let gone = try await operations.ask("POST", "dead-letters/\(letter)/retry")
            #expect(gone.status == 409 && gone.body["code"]?.string == "ORDER_FINAL")
            #expect(gone.body["error"]?.string?.contains("cancelled") == true)

            // No order has this id: the letter may be put back, and becomes a letter again.
            let stray = try await operations.letter("UNKNOWN_ORDER", order: makeOrder().id.description)
            #expect(try await operations.ask("POST", "dead-letters/\(stray)/retry").status == 200)
        }
    }

    @Test func `an order in doubt keeps its letter until it has ended`() async throws {
        try await withOperations(needsPostgres: false) { operations in
            let order = try await operations.place()
            let letter = try await operations.letter("IN_DOUBT", order: order.id.description)
            let refused = try await operations.ask("DELETE", "dead-letters/\(letter)")
            #expect(refused.status == 409 && refused.body["code"]?.string == "ORDER_IN_DOUBT")
            #expect(try await operations.pipeline.cancel(order.id) == .cancelled)
            #expect(try await operations.ask("DELETE", "dead-letters/\(letter)").status == 200)
        }
    }

    @Test func `where Redis or the database is away every route says so`() async throws {
        try await withOperations(needsPostgres: false) { operations in
            let letter = try await operations.letter("UNKNOWN_ORDER", order: makeOrder().id.description)
            let withoutPostgres = try await operations.ask("POST", "dead-letters/\(letter)/retry")
            #expect(withoutPostgres.status == 503 && withoutPostgres.body["error"]?.string?.contains("the database is away") == true)
            #expect(try await operations.ask("GET", "reconcile").status == 503)
            // Nothing listens on these ports.
            let alone = try Operations(redis: "redis://127.0.0.1:1", postgres: "postgres://127.0.0.1:1/none")
            try alone.startAlone()
            for (method, path) in [("GET", "dead-letters"), ("POST", "dead-letters/0-1-1/retry"), ("DELETE", "dead-letters/0-1-1")] {
                let (status, body) = try await alone.ask(method, path)
                #expect(status == 503 && body["code"]?.string == "UNAVAILABLE")
                #expect(body["error"]?.string?.contains("Redis is away") == true)
            }
            await alone.stop()
        }
    }

    // MARK: Reconcile

    @Test func `orders that Redis has lost are reported, by the gateway and by the notifier, and stay as they are`() async throws {
        try await withOperations { operations in
            var orders: [Order] = []
            for _ in 0..<3 { orders.append(try await operations.place()) }
            try await operations.storeEvents()
            try await postpone(operations)
            try await operations.send("DEL", operations.keys.order(orders[1].id))
            let (status, body) = try await operations.ask("GET", "reconcile")
            #expect(status == 200 && body["checked"]?.integer == 3 && body["lostCount"]?.integer == 1 && body["complete"]?.bool == true)
            let lost = try #require(body["lost"]?.array)
            #expect(lost.map { $0["orderId"]?.string } == [orders[1].id.description])
            #expect(lost[0]["status"]?.string == "pending" && lost[0]["updatedAt"]?.string?.hasSuffix("Z") == true)

            let metrics = MetricsRegistry()
            let lines = LineSink()
            let log = Logger(service: "notifier", instance: "test", level: .error, format: .json, sink: lines)
            let watch = LostOrderWatch(store: operations.store, pipeline: operations.pipeline, log: log, metrics: metrics)
            await watch.compare()
            #expect(metrics.render().contains("orders_lost 1"))
            #expect(lines.texts.count == 1)
            #expect(lines.texts[0].contains(#""event":"orders.lost","count":1,"checked":3,"orderIds":"\#(orders[1].id)""#))
            #expect(try await operations.ask("GET", "reconcile").body["lostCount"]?.integer == 1)
        }
    }

    /// Makes the stored orders so old that the comparison looks at them.
    private func postpone(_ operations: Operations) async throws {
        _ = try await operations.store.pool.query("UPDATE order_rows SET updated_at = updated_at - interval '1 hour'")
    }
}
