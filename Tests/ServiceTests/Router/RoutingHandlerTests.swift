import Configuration
import EventLoop
import Orders
import Redis
import ServiceKit
import TestSupport
import Testing

@testable import Pipeline
@testable import RouterService

/// Tests the router's part of an order's life, with real scripts and venues that do what the test says.
@Suite(.onLoop) @ServiceActor
struct RoutingHandlerTests {
    private func withHandler(
        _ venues: [FakeVenue], timeout: String = "60000", server: RedisServer? = nil,
        _ body: @ServiceActor (TestProcess<RouterSettings>, RoutingHandler) async throws -> Void
    ) async throws {
        try await withProcess(RouterSettings.self, ["RETRY_JITTER": "0", "QUOTE_TIMEOUT_MS": timeout], server: server) { test in
            let desk = QuoteDesk(venues: venues, timeout: test.settings.quoteTimeout, metrics: test.process.metrics)
            let handler = RoutingHandler(
                desk: desk, marks: FakeMarks(), pipeline: test.pipeline, retry: test.settings.retry, log: test.process.log,
                observer: test.process.observer)
            try await body(test, handler)
        }
    }

    @Test func `the best offer becomes the route, and the order goes to the executor`() async throws {
        try await withHandler([FakeVenue("raydium", .quote(217)), FakeVenue("meteora", .quote(218))]) { test, handler in
            let order = Samples.order()
            try await test.accept(order)
            await handler.handle(try await test.take(.router))
            #expect(try await test.state(order) == "routed")
            let events = try await test.events(order)
            #expect(events.map(\.progress) == [0, 10, 30])
            #expect(events.last?.chosenDex == "meteora")
            #expect(events.last?.quotes?.map(\.dex) == ["meteora", "raydium"])
            #expect(events.last?.message == "Received 2 quotes")
            #expect(events.last?.reason == "meteora: 0.000218 against 0.000217, +46 bps")
            #expect(try await test.take(.executor).orderID == order.id)
        }
    }

    @Test func `a venue without an offer stands in the event with its reason, and only there`() async throws {
        try await withHandler([FakeVenue("raydium", .quote(217)), FakeVenue("meteora", .failure(.insufficientLiquidity))]) { test, handler in
            let order = Samples.order()
            try await test.accept(order)
            await handler.handle(try await test.take(.router))
            let events = try await test.events(order)
            #expect(events.last?.unavailable == [UnavailableVenue("meteora", OrderFailure(.insufficientLiquidity))])
            #expect(events.dropLast().allSatisfy { $0.unavailable == nil })
            #expect(events.last.map { $0.json.contains(#""unavailable":[{"dex":"meteora","code":"INSUFFICIENT_LIQUIDITY","#) } == true)
        }
    }

    @Test(arguments: [FailureCode.noRoute, .insufficientLiquidity])
    func `a pair that no venue trades fails at once`(_ code: FailureCode) async throws {
        try await withHandler([FakeVenue("raydium", .failure(code)), FakeVenue("meteora", .failure(.noRoute))]) { test, handler in
            let order = Samples.order()
            try await test.accept(order)
            await handler.handle(try await test.take(.router))
            #expect(try await test.state(order) == "failed")
            let last = try #require(try await test.events(order).last)
            #expect(last.error?.code == code && last.error?.retryable == false)
            #expect(try await test.redis.send(["XPENDING", test.keys.accepted, "router"]).array?.first?.integer == 0)
        }
    }

    @Test func `venues that do not answer are asked again after a wait; at the last attempt the order fails`() async throws {
        let venues = [FakeVenue("raydium", .silence), FakeVenue("meteora", .failure(.noRoute))]
        try await withHandler(venues, timeout: "100") { test, handler in
            let order = Samples.order()
            try await test.accept(order)
            for wait in [UInt64(1000), 2000] {
                let before = try await test.now()
                await handler.handle(try await test.take(.router))
                let after = try await test.now()
                #expect(try await test.state(order) == "requote")
                let last = try #require(try await test.events(order).last)
                #expect(last.type == .retryPending && last.delayMs == wait)
                let due = try #require(try await test.redis.send(["ZRANGE", test.keys.retries, "0", "0", "WITHSCORES"]).array?.last?.integer)
                #expect((before...after).contains(due - Int64(wait)))
                try await test.promoteAll()
            }
            await handler.handle(try await test.take(.router))
            #expect(try await test.state(order) == "failed")
            let last = try #require(try await test.events(order).last)
            #expect(last.error?.code == .venueUnavailable && last.totalAttempts == 3)
        }
    }

    @Test func `that nobody has a quote while Redis is away uses up no attempt: the venues are asked again when it is back`() async throws {
        let server = try await RedisServer.start(appendonly: true)
        let venue = FakeVenue("raydium", .failure(.venueUnavailable))
        venue.gate = Promise()
        try await withHandler([venue], server: server) { test, handler in
            let order = Samples.order()
            try await test.accept(order)
            let entry = try await test.take(.router)
            let working = Loop.spawn { await handler.handle(entry) }
            try await eventually { venue.asked == 1 }
            try await server.kill()
            try await eventually { !test.redis.isConnected }
            venue.gate?.succeed(())
            // The step has failed, because it was asked for without Redis. The next try succeeds.
            try await sleep(for: .milliseconds(50))
            venue.answer = .quote(217)
            try await server.restart()
            await working.value
            #expect(venue.asked == 2)
            #expect(try await test.events(order).map(\.type) == [.pending, .routing, .routing])
        }
        try await server.stop()
    }

    @Test func `a handler whose claim is cancelled while it waits for quotes writes nothing`() async throws {
        let venue = FakeVenue("raydium", .quote(217))
        venue.gate = Promise()
        try await withHandler([venue]) { test, handler in
            let order = Samples.order()
            try await test.accept(order)
            let entry = try await test.take(.router)
            let working = Loop.spawn { await handler.handle(entry) }
            try await eventually { venue.asked == 1 }
            working.cancel()
            await working.value
            #expect(try await test.state(order) == "routing")
            #expect(try await test.events(order).count == 2)
        }
    }
}
