import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// How a worker begins what others may have died of.
@Suite(.onLoop) @ServiceActor
struct WorkerSuspectTests {
    @Test func `suspects are begun in halves one after the other, and need not wait a second each`() async throws {
        try await withBench { bench in
            for _ in 0..<10 {
                let (_, entry) = try await bench.reach(.routing)
                try await bench.age(entry.entry, in: bench.keys.accepted, "router", of: "a", deliveries: 2)
            }
            var order: [String] = []
            let handler = FakeHandler { entry in
                order.append("begin")
                _ = try? await bench.pipeline.begin(entry)
                try? await sleep(for: .milliseconds(50))
                order.append("written")
                _ = try? await bench.pipeline.step(.routeDone([Samples.meteora]), entry)
                try? await sleep(for: .milliseconds(700))
            }
            try await withWorker(bench, .of(.router, "w"), handler) { _, _ in
                let start = MonotonicInstant.now
                try await eventually { try await bench.routed() == 10 }
                #expect(start.elapsed < .seconds(4))
                let halves = [5, 3, 1, 1].flatMap { Array(repeating: "begin", count: $0) + Array(repeating: "written", count: $0) }
                #expect(order == halves)
                #expect(handler.entries.allSatisfy { $0.deliveries == 3 })
            }
        }
    }

    @Test func `before its last start a suspect has nothing beside it, neither another suspect nor what is new`() async throws {
        try await withBench { bench in
            for _ in 0..<2 {
                let (_, entry) = try await bench.reach(.routing)
                try await bench.age(entry.entry, in: bench.keys.accepted, "router", of: "a", deliveries: 4)
            }
            var order: [String] = []
            let handler = FakeHandler { entry in
                order.append("begin")
                _ = try? await bench.pipeline.begin(entry)
                try? await sleep(for: .milliseconds(1_300))
                order.append("written")
                _ = try? await bench.pipeline.step(.routeDone([Samples.meteora]), entry)
            }
            try await withWorker(bench, .of(.router, "w", visibilityTimeout: .seconds(3)), handler) { _, _ in
                try await eventually { handler.entries.count == 1 }
                _ = try await bench.place()
                try await eventually { try await bench.routed() == 3 }
                #expect(order == (0..<3).flatMap { _ in ["begin", "written"] })
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
                // Some claim intervals.
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
            for keys in bench.pipeline.partitions {
                let order = try await bench.place(Samples.order(Samples.id(partition: UInt8(keys.partition))))
                try await bench.send("XREADGROUP", "GROUP", "router", "a", "STREAMS", keys.accepted, ">")
                let entry = try #require(try await bench.send("XRANGE", keys.accepted, "-", "+").array?[0].array?[0].string)
                try await bench.age(entry, in: keys.accepted, "router", of: "a", deliveries: 3)
                #expect(order.id.partition == keys.partition)
            }
            let handler = FakeHandler { entry in
                _ = try? await bench.pipeline.begin(entry)
                try? await sleep(for: .milliseconds(500))
                _ = try? await bench.pipeline.step(.routeDone([Samples.meteora]), entry)
            }
            try await withWorker(bench, .of(.router, "w", visibilityTimeout: .seconds(3)), handler) { _, _ in
                try await eventually { handler.entries.count == 2 }
                #expect(handler.most == 1)
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
            let order = try await bench.place(Samples.order(Samples.id(partition: 1)))
            try await bench.send("XREADGROUP", "GROUP", "router", "a", "STREAMS", keys.accepted, ">")
            let entry = try #require(try await bench.send("XRANGE", keys.accepted, "-", "+").array?[0].array?[0].string)
            try await bench.age(entry, in: keys.accepted, "router", of: "a", deliveries: 3)
            try await withWorker(bench, .of(.router, "w"), FakeHandler(bench.route)) { _, _ in
                try await eventually(within: .seconds(8)) { try await bench.send("XLEN", keys.routed).integer == 1 }
            }
            #expect(try await bench.send("HGET", keys.order(order.id), "state").string == "routed")
        }
    }
}
