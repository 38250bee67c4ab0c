import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Tests entries that have left their places and stay in hand, as submitted orders do.
@Suite(.onLoop) @ServiceActor
struct WorkerUnderWayTests {
    /// Leaves its place, then waits for `gate` and routes its order.
    private func waiting(_ bench: Bench, for gate: Promise<Void>) -> FakeHandler {
        FakeHandler { entry in
            entry.place.leave()
            guard (try? await gate.value) != nil else { return }
            await bench.route(entry)
        }
    }

    private func options(_ consumer: String, places: Int = 2, underWay: Int = 1000, visibility: Duration = .milliseconds(300)) -> WorkerOptions {
        var options = WorkerOptions.of(.router, consumer, concurrency: places, visibilityTimeout: visibility)
        options.maxUnderWay = underWay
        return options
    }

    private func place(_ count: Int, _ bench: Bench) async throws { for _ in 0..<count { _ = try await bench.place() } }

    @Test func `with two places thirty orders are under way at once, and each comes to its end`() async throws {
        try await withBench { bench in
            try await place(30, bench)
            let gate = Promise<Void>()
            let handler = waiting(bench, for: gate)
            try await withWorker(bench, options("w"), handler) { worker, _ in
                try await eventually { worker.underWay == 30 }
                #expect(handler.maxRunning == 30 && worker.working == 0 && worker.inHand == 30)
                gate.succeed(())
                try await eventually { try await bench.routed() == 30 }
                try await eventually { worker.inHand == 0 }
                #expect(handler.entries.count == 30)
            }
        }
    }

    @Test func `beyond the limit nothing new is read until one has come to its end`() async throws {
        try await withBench { bench in
            try await place(12, bench)
            let gates = (0..<12).map { _ in Promise<Void>() }
            let handler = FakeHandler { _ in }
            handler.body = { [unowned handler] entry in
                let gate = gates[handler.entries.count - 1]
                entry.place.leave()
                _ = try? await gate.value
                await bench.route(entry)
            }
            try await withWorker(bench, options("w", places: 4, underWay: 5), handler) { worker, _ in
                try await eventually { worker.underWay == 5 }
                try await sleep(for: .milliseconds(300))
                #expect(handler.entries.count == 5)
                #expect(try await bench.pending(.router) == 5, "the others were not delivered")
                for ended in 1...7 {
                    gates[ended - 1].succeed(())
                    try await eventually { handler.entries.count == 5 + ended }
                    #expect(worker.underWay <= 5)
                }
                for gate in gates { gate.succeed(()) }
                try await eventually { try await bench.routed() == 12 }
            }
        }
    }

    @Test func `what is under way is renewed, however much it is, so that nobody takes it over`() async throws {
        try await withBench { bench in
            try await place(600, bench)
            let gate = Promise<Void>()
            let (slow, other) = (waiting(bench, for: gate), FakeHandler(bench.route))
            try await withWorker(bench, options("a", places: 50, visibility: .milliseconds(1800)), slow) { worker, observer in
                try await eventually { worker.underWay == 600 }
                try await withWorker(bench, options("b", visibility: .milliseconds(1800)), other) { _, _ in
                    // Longer than the visibility time-out and a claim interval together.
                    try await sleep(for: .milliseconds(3200))
                    #expect(other.entries.isEmpty && observer.lostCount == 0)
                    gate.succeed(())
                    try await eventually { try await bench.routed() == 600 }
                }
            }
        }
    }

    @Test func `a lost claim cancels what is under way, and only that`() async throws {
        try await withBench { bench in
            try await place(3, bench)
            let cancelled = Heard()
            let handler = FakeHandler { entry in
                entry.place.leave()
                try? await sleep(for: .seconds(60))
                if Task.isCancelled { cancelled.note(entry.entry) }
            }
            try await withWorker(bench, options("a"), handler) { worker, observer in
                try await eventually { worker.underWay == 3 }
                let stolen = try await bench.claim(handler.entries[1], as: "b")
                try await eventually { worker.underWay == 2 }
                #expect(cancelled.texts == [stolen.entry] && observer.lostCount == 1)
            }
        }
    }

    @Test func `a worker that stops lets what is under way finish within its grace`() async throws {
        try await withBench { bench in
            try await place(10, bench)
            let gate = Promise<Void>()
            try await withWorker(bench, options("a"), waiting(bench, for: gate)) { worker, observer in
                try await eventually { worker.underWay == 10 }
                let stopping = Loop.spawn { await worker.stop(within: .seconds(20)) }
                try await sleep(for: .milliseconds(200))
                gate.succeed(())
                await stopping.value
                #expect(try await bench.routed() == 10)
                #expect(observer.releasedCount == 0)
            }
        }
    }

    @Test func `what is under way when a worker stops is handed back, its start is not counted, and another goes on at once`() async throws {
        try await withBench { bench in
            try await place(10, bench)
            let handler = FakeHandler { entry in
                _ = try? await bench.pipeline.begin(entry)
                entry.place.leave()
                try? await sleep(for: .seconds(60))
            }
            try await withWorker(bench, options("a"), handler) { worker, observer in
                try await eventually { worker.underWay == 10 }
                await worker.stop(within: .milliseconds(50))
                #expect(observer.releasedCount == 10)
            }
            let again = FakeHandler(bench.route)
            try await withWorker(bench, options("b", places: 10, visibility: .seconds(600)), again) { _, _ in
                try await eventually(within: .seconds(5)) { try await bench.routed() == 10 }
            }
            #expect(again.entries.allSatisfy { $0.deliveries == 1 })
        }
    }

    @Test func `hundreds that a dead worker had under way are taken over within a moment, though the places are few`() async throws {
        try await withBench { bench in
            try await place(300, bench)
            _ = try await bench.send("XREADGROUP", "GROUP", "router", "dead", "STREAMS", bench.keys.accepted, ">")
            let gate = Promise<Void>()
            try await sleep(for: .milliseconds(400))
            let start = MonotonicInstant.now
            try await withWorker(bench, options("w", places: 10), waiting(bench, for: gate)) { worker, observer in
                try await eventually { worker.underWay == 300 }
                #expect(start.elapsed < .seconds(10), "one claim a second would take thirty")
                #expect(observer.claimed == 300)
                gate.succeed(())
                try await eventually { try await bench.routed() == 300 }
            }
        }
    }

    @Test func `beside an entry on its last start no suspect is begun, though it has left its place`() async throws {
        try await withBench { bench in
            let (_, last) = try await bench.reach(.routing)
            let (suspect, other) = try await bench.reach(.routing)
            try await bench.age(last.entry, in: bench.keys.accepted, "router", of: "a", idle: 600_000, deliveries: 4)
            let gate = Promise<Void>()
            let handler = FakeHandler { entry in
                if entry.entry == last.entry {
                    _ = try? await bench.pipeline.begin(entry)
                    entry.place.leave()
                    _ = try? await gate.value
                }
                await bench.route(entry)
            }
            try await withWorker(bench, options("w", places: 10), handler) { worker, _ in
                try await eventually { worker.underWay == 1 }
                try await bench.age(other.entry, in: bench.keys.accepted, "router", of: "a", idle: 600_000, deliveries: 2)
                // Several claim intervals.
                try await sleep(for: .milliseconds(2500))
                #expect(try await bench.state(suspect) == .routing)
                gate.succeed(())
                try await eventually { try await bench.state(suspect) == .routed }
            }
        }
    }

    @Test func `who leaves a place twice has left it once`() async throws {
        try await withBench { bench in
            try await place(5, bench)
            let gate = Promise<Void>()
            let handler = FakeHandler { entry in
                entry.place.leave()
                entry.place.leave()
                _ = try? await gate.value
                await bench.route(entry)
            }
            try await withWorker(bench, options("w", places: 1), handler) { worker, _ in
                try await eventually { worker.underWay == 5 }
                gate.succeed(())
                try await eventually { worker.inHand == 0 }
                #expect(worker.underWay == 0 && worker.working == 0)
            }
        }
    }
}
