import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct PauseTests {
    @Test func `a pause lets no new order in, answers for those inside, and ends with resume`() async throws {
        try await withBench { bench in
            let inside = try await bench.place(Samples.order(key: "k"))
            try await bench.pipeline.pause(reason: "upgrade")
            #expect(try await bench.accept(Samples.order()) == .paused(reason: "upgrade"))
            guard case .replay(inside.id, job: _) = try await bench.accept(Samples.order(key: "k")) else { throw TestFailure("no replay") }
            guard case .replay(inside.id, job: _) = try await bench.accept(inside) else { throw TestFailure("no replay") }
            #expect(try await bench.send("XLEN", bench.keys.accepted).integer == 1)
            let pause = try #require(try await bench.pipeline.currentPause())
            #expect(try await bench.now() - pause.since < 20_000)
            #expect(try await bench.pipeline.lag().pause == pause)
            try await bench.pipeline.resume()
            #expect(try await bench.pipeline.currentPause() == nil)
            _ = try await bench.place(Samples.order())
        }
    }

    @Test func `a second pause keeps its time, and its reason unless it gives one`() async throws {
        try await withBench { bench in
            try await bench.pipeline.pause(reason: "first")
            let first = try #require(try await bench.pipeline.currentPause())
            try await sleep(for: .milliseconds(5))
            try await bench.pipeline.pause(reason: "")
            #expect(try await bench.pipeline.currentPause() == first)
            try await bench.pipeline.pause(reason: "second")
            #expect(try await bench.pipeline.currentPause() == PauseRecord(since: first.since, reason: "second"))
        }
    }

    @Test func `a pause holds in every partition`() async throws {
        try await withBench(PipelineSettings(partitions: 3)) { bench in
            try await bench.pipeline.pause(reason: "")
            for partition in 0..<3 { #expect(try await bench.accept(Samples.order(Samples.id(partition: UInt8(partition)))) == .paused(reason: "")) }
            try await bench.pipeline.resume()
            for partition in 0..<3 { _ = try await bench.place(Samples.order(Samples.id(partition: UInt8(partition)))) }
        }
    }

    @Test func `a pause is known though a partition cannot be read; without one it is not known`() async throws {
        try await withBench(PipelineSettings(partitions: 3)) { bench in
            try await bench.pipeline.pause(reason: "why")
            for partition in [0, 1] {
                try await bench.send("DEL", bench.pipeline.partitions[partition].paused)
                try await bench.send("SET", bench.pipeline.partitions[partition].paused, "no hash")
            }
            #expect(try await bench.pipeline.currentPause()?.reason == "why")
            try await bench.send("DEL", bench.pipeline.partitions[2].paused)
            await #expect(throws: PipelineError.self) { try await bench.pipeline.currentPause() }
        }
    }

    // MARK: What stands for an order

    @Test func `an order stands where its entry is, until nothing stands for it`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            #expect(try await bench.pipeline.standing(order.id).0 == .waiting)
            let entry = try await bench.take(.router)
            #expect(try await bench.pipeline.standing(order.id).0 == .held)
            try await sleep(for: .milliseconds(30))
            #expect(try await bench.pipeline.standing(order.id).unmovedMs >= 30)
            try await bench.send("XACK", bench.keys.accepted, "router", entry.entry)
            #expect(try await bench.pipeline.standing(order.id).0 == .nothing)
            #expect(try await bench.pipeline.standing(Samples.id()) == (.gone, unmovedMs: 0))
        }
    }

    @Test func `an order that waits for its next attempt stands among the retries`() async throws {
        try await withBench { bench in
            let (order, _) = try await bench.reach(.waiting)
            #expect(try await bench.pipeline.standing(order.id).0 == .retry)
            try await bench.send("DEL", bench.keys.retries)
            #expect(try await bench.pipeline.standing(order.id).0 == .nothing)
        }
    }

    @Test func `without its group an entry waits, without its stream nothing stands, and what has ended is final`() async throws {
        try await withBench { bench in
            let order = try await bench.place()
            try await bench.send("XGROUP", "DESTROY", bench.keys.accepted, "router")
            #expect(try await bench.pipeline.standing(order.id).0 == .waiting)
            try await bench.send("DEL", bench.keys.accepted)
            #expect(try await bench.pipeline.standing(order.id).0 == .nothing)
            _ = try await bench.pipeline.cancel(order.id)
            #expect(try await bench.pipeline.standing(order.id).0 == .final)
        }
    }
}
