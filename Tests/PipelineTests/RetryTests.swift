import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct RetryTests {
    private func retries(_ bench: Bench) async throws -> [String] {
        (try await bench.send("ZRANGE", bench.keys.retries, "0", "-1").array ?? []).compactMap { $0.string }
    }

    @Test func `a failed attempt waits for its time and comes back on the same route`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            let before = try await bench.now()
            try await bench.written(Samples.failure(.network, delay: 60_000), entry)
            let member = "routed:\(order.id):2"
            #expect(try await retries(bench) == [member])
            #expect(try await bench.entry(order) == "retries:routed:60000")
            #expect(try await bench.state(order) == .waiting)
            let due = UInt64(try await bench.send("ZSCORE", bench.keys.retries, member).integer ?? 0)
            #expect((before + 60_000...before + 70_000).contains(due))
            #expect(try await bench.pipeline.promote(bench.keys) == 0)

            try await bench.send("ZADD", bench.keys.retries, "1000", member)
            #expect(try await bench.pipeline.promote(bench.keys) == 1)
            let next = try await bench.take(.executor)
            #expect(next.round == 2)
            #expect(try await bench.entry(order) == "routed:\(next.entry)")
            let work = try await bench.begin(next)
            #expect(work.attempt == 2 && work.route?.chosen.quote == Samples.meteora && work.transactions.isEmpty && !work.isResumed)
        }
    }

    @Test func `the last event tells how long the order was in each status, waits and all attempts together`() async throws {
        try await withBench { bench async throws in
            let start = try await bench.now()
            let (order, entry) = try await bench.reach(.submitted)
            // Acts as if the transaction had been sent a minute ago, after 12 ms of waiting.
            try await bench.move(order, to: [start - 60_316, start - 60_304, start - 60_304, start - 60_004, start - 60_004, start - 60_000])
            try await bench.written(Samples.failure(.network, delay: 0), entry)
            #expect(try await bench.events(order).allSatisfy { $0.stageMs == nil })
            _ = try await bench.pipeline.promote(bench.keys)
            let second = try await bench.take(.executor)
            try await bench.begin(second)
            try await bench.written(Samples.submit(order, attempt: 2), second)
            try await bench.written(.confirm(Samples.fill), second)
            let spent = UInt64(try await bench.now() - start)
            let times = try #require(try await bench.events(order).last?.stageMs)
            #expect(times.pending == 12 && times.routing == 300)
            #expect((4...4 + spent).contains(times.building ?? 0) && (60_000...60_000 + spent).contains(times.submitted ?? 0))
            #expect(times.total == 312 + (times.building ?? 0) + (times.submitted ?? 0))
        }
    }

    @Test func `the events of a failure repeat progress and venue, each with the status of its state`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted)
            try await bench.written(Samples.failure(.slippageExceeded, delay: 1000), entry)
            let last = Array(try await bench.events(order).suffix(2))
            try #require(last.map(\.type) == [.executionFailed, .retryPending])
            #expect(last.map(\.status) == [.submitted, .routing])
            #expect(last.map(\.progress) == [80, 80])
            #expect(last.map(\.attempt) == [1, 1])
            #expect(last.map(\.chosenDex) == ["meteora", "meteora"])
            #expect(last.map(\.txHash) == Array(repeating: Samples.transaction(order).signature, count: 2))
            #expect(last[0].retriesRemaining == 2 && last[0].transient == true && last[1].delayMs == 1000 && last[1].nextAttempt == 2)
        }
    }

    @Test func `a fresh quote replaces the route, and until then every event repeats the old one`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            try await bench.written(Samples.failure(.slippageExceeded), entry)
            #expect(try await bench.pipeline.promote(bench.keys) == 1)
            let again = try await bench.take(.router)
            try await bench.begin(again)
            try await bench.written(.routeDone([Samples.raydium]), again)
            let next = try await bench.take(.executor)
            #expect(next.round == 2)
            #expect(try await bench.begin(next).route?.chosen.quote == Samples.raydium)
            let events = try await bench.events(order).suffix(4)
            #expect(events.map(\.chosenDex) == ["meteora", "meteora", "raydium", "raydium"])
            #expect(events.map(\.type) == [.retryPending, .routing, .routing, .building])
            #expect(events.last?.message == "Building transaction on raydium...")
        }
    }

    @Test func `a stale quote is asked for anew now, in a new round of the same attempt`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            try await bench.written(Samples.failure(.quoteStale, delay: 9000), entry)
            #expect(try await bench.pipeline.promote(bench.keys) == 1)
            let again = try await bench.take(.router)
            #expect(again.round == 2)
            #expect(try await bench.begin(again).attempt == 1)
            try await bench.written(.routeDone([Samples.raydium]), again)
            let work = try await bench.begin(try await bench.take(.executor))
            #expect(work.attempt == 1 && work.staleQuotes == 1)
            #expect(try await bench.place(of: order)?.round == 2)
        }
    }

    @Test func `a retry whose order is gone, further on or final is dropped`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.building)
            for member in ["routed:\(Samples.id()):2", "accepted:\(order.id):0", "nonsense"] {
                try await bench.send("ZADD", bench.keys.retries, "1000", member)
            }
            #expect(try await bench.pipeline.promote(bench.keys) == 0)
            #expect(try await retries(bench).isEmpty)
            #expect(try await bench.entry(order) == "routed:\(entry.entry)")

            try await bench.written(Samples.failure(.network), entry)
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            #expect(try await bench.pipeline.promote(bench.keys) == 0)
            #expect(try await bench.entry(order) == "")
            #expect(try await bench.send("XLEN", bench.keys.routed).integer == 1)
        }
    }

    @Test func `a retry that is due when the order has gone on under another entry leaves what stands for it alone`() async throws {
        try await withBench { bench in
            let (order, _) = try await bench.reach(.requote)
            let other = try await bench.inject(.router, order.id, round: 2)
            try await bench.begin(other)
            try await bench.written(.routeDone([Samples.raydium]), other)
            let entry = try await bench.entry(order)
            #expect(entry.hasPrefix("routed:"))
            #expect(try await bench.pipeline.promote(bench.keys) == 0)
            #expect(try await bench.entry(order) == entry)
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 2)
        }
    }

    @Test func `two promoters at once hand each retry back once`() async throws {
        try await withBench { bench in
            for _ in 0..<30 { _ = try await bench.reach(.requote) }
            async let first = bench.pipeline.promote(bench.keys)
            async let second = bench.pipeline.promote(bench.keys)
            #expect(try await first + second == 30)
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 60)
        }
    }

    @Test func `the last attempt ends the order with its failure`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.submitted, Samples.order(maxAttempts: 1))
            try await bench.written(.after(OrderFailure(.network), in: .submitted, attempt: 1, maxAttempts: 1, delay: 5), entry)
            let last = Array(try await bench.events(order).suffix(2))
            try #require(last.map(\.type) == [.executionFailed, .failed])
            #expect(last.map(\.progress) == [80, 0])
            #expect(last.map(\.status) == [.submitted, .failed])
            #expect(last[0].retriesRemaining == 0 && last[1].totalAttempts == 1 && last[1].error?.code == .network)
            #expect(try await bench.pending(.executor) == 0)
            #expect(try await retries(bench).isEmpty)
        }
    }

    @Test func `a due retry is not held up by those whose orders have gone on`() async throws {
        try await withBench { bench in
            let (order, _) = try await bench.reach(.waiting)
            try await bench.send("ZADD", bench.keys.retries, "2", "routed:\(order.id):2")
            for _ in 0..<250 { try await bench.send("ZADD", bench.keys.retries, "1", "routed:\(Samples.id()):1") }
            #expect(try await bench.pipeline.promote(bench.keys) == 1)
            #expect(try await bench.send("ZCARD", bench.keys.retries).integer == 0)
        }
    }
}
