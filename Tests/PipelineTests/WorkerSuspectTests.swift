import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Tests how a worker begins entries that other workers may have died of.
@Suite(.onLoop) @ServiceActor
struct WorkerSuspectTests {
    /// What was begun and written, in this order.
    @ServiceActor
    private final class Course {
        private(set) var steps: [String] = []

        func route(_ entry: WorkEntry, _ bench: Bench, for time: Duration) async {
            steps.append("begin")
            _ = try? await bench.pipeline.begin(entry)
            try? await sleep(for: time)
            steps.append("written")
            _ = try? await bench.pipeline.step(.routeDone([Samples.meteora]), entry)
        }
    }

    /// Makes orders that a router has begun and then left.
    private func abandonBegun(_ bench: Bench, count: Int, deliveries: Int) async throws {
        for _ in 0..<count {
            let (_, entry) = try await bench.reach(.routing)
            try await bench.age(entry.entry, in: bench.keys.accepted, "router", of: "a", deliveries: deliveries)
        }
    }

    @Test func `suspects are begun in halves one after the other, and need not wait a second each`() async throws {
        try await withBench { bench in
            try await abandonBegun(bench, count: 10, deliveries: 2)
            let course = Course()
            let handler = FakeHandler { entry in
                await course.route(entry, bench, for: .milliseconds(50))
                try? await sleep(for: .milliseconds(700))
            }
            try await withWorker(bench, .of(.router, "w"), handler) { _, _ in
                let start = MonotonicInstant.now
                try await eventually { try await bench.routed() == 10 }
                #expect(start.elapsed < .seconds(4))
                let halves = [5, 3, 1, 1].flatMap { Array(repeating: "begin", count: $0) + Array(repeating: "written", count: $0) }
                #expect(course.steps == halves)
                #expect(handler.entries.allSatisfy { $0.deliveries == 3 })
            }
        }
    }

    @Test func `before its last start a suspect has nothing beside it, neither another suspect nor what is new`() async throws {
        try await withBench { bench in
            try await abandonBegun(bench, count: 2, deliveries: 4)
            let course = Course()
            let handler = FakeHandler { entry in await course.route(entry, bench, for: .milliseconds(1_300)) }
            try await withWorker(bench, .of(.router, "w", visibilityTimeout: .seconds(3)), handler) { _, _ in
                try await eventually { handler.entries.count == 1 }
                _ = try await bench.place()
                try await eventually { try await bench.routed() == 3 }
                #expect(course.steps == (0..<3).flatMap { _ in ["begin", "written"] })
            }
        }
    }

    @Test func `beside an entry on its last start no suspect is begun for as long as it is in hand, what is new is`() async throws {
        try await withBench { bench in
            let (slow, last) = try await bench.reach(.routing)
            let (suspect, other) = try await bench.reach(.routing)
            try await bench.age(last.entry, in: bench.keys.accepted, "router", of: "a", idle: 600_000, deliveries: 4)
            let gate = Promise<Void>()
            let handler = FakeHandler { entry in
                if entry.orderID == slow.id { _ = try? await gate.value }
                await bench.route(entry)
            }
            try await withWorker(bench, .of(.router, "w"), handler) { _, _ in
                try await eventually { handler.entries.count == 1 }
                try await bench.age(other.entry, in: bench.keys.accepted, "router", of: "a", idle: 600_000, deliveries: 2)
                let new = try await bench.place()
                try await eventually { try await bench.state(new) == .routed }
                // Several claim intervals.
                try await sleep(for: .milliseconds(2500))
                #expect(try await bench.state(suspect) == .routing)
                gate.succeed(())
                try await eventually { try await bench.state(suspect) == .routed }
                #expect(try await bench.state(slow) == .routed)
            }
        }
    }

    @Test func `suspects of two partitions are not begun at once`() async throws {
        try await withBench(PipelineSettings(partitions: 2)) { bench in
            for keys in bench.pipeline.partitions { _ = try await bench.abandon(in: keys, deliveries: 3) }
            let handler = FakeHandler { entry in
                _ = try? await bench.pipeline.begin(entry)
                try? await sleep(for: .milliseconds(500))
                _ = try? await bench.pipeline.step(.routeDone([Samples.meteora]), entry)
            }
            try await withWorker(bench, .of(.router, "w", visibilityTimeout: .seconds(3)), handler) { _, _ in
                try await eventually { handler.entries.count == 2 }
                #expect(handler.maxRunning == 1)
            }
        }
    }

    @Test func `an entry that was delivered too often without a start is buried with its order`() async throws {
        try await withBench { bench in
            let (order, entry) = try await bench.reach(.pending)
            try await bench.age(entry.entry, in: bench.keys.accepted, "router", of: "a", deliveries: 20)
            let handler = FakeHandler { _ in }
            try await withWorker(bench, .of(.router, "w"), handler) { _, observer in
                try await eventually { try await bench.state(order) == .failed }
                #expect(observer.buried == ["POISONED"])
                #expect(handler.entries.isEmpty)
            }
        }
    }

    @Test func `suspects of a second partition get their turn although both claim at the same moments`() async throws {
        try await withBench(PipelineSettings(partitions: 2)) { bench in
            let keys = bench.pipeline.partitions[1]
            let (order, _) = try await bench.abandon(in: keys, deliveries: 3)
            try await withWorker(bench, .of(.router, "w"), FakeHandler(bench.route)) { _, _ in
                try await eventually(within: .seconds(8)) { try await bench.send("XLEN", keys.routed).integer == 1 }
            }
            #expect(try await bench.send("HGET", keys.order(order.id), "s").string?.hasPrefix("routed ") == true)
        }
    }
}
