import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Tests who reads which partition.
@Suite(.onLoop) @ServiceActor
struct LaneTests {
    /// The number of replicas that read each partition.
    private func readers(_ replicas: [Replica], _ partitions: Int) -> [Int] {
        (0..<partitions).map { partition in replicas.count { $0.worker.served.contains(partition) } }
    }

    private func place(in partition: Int, _ bench: Bench) async throws -> Order {
        try await bench.place(Samples.order(Samples.id(partition: UInt8(partition))))
    }

    private func routed(_ bench: Bench) async throws -> Int {
        var sum = 0
        for keys in bench.pipeline.partitions { sum += try await bench.send("XLEN", keys.routed).count }
        return sum
    }

    private func isRouted(_ order: Order, _ bench: Bench) async throws -> Bool {
        let keys = bench.pipeline.keys(of: order.id)
        return try await bench.send("HGET", keys.order(order.id), "s").string?.hasPrefix("routed ") == true
    }

    /// Connections on which a replica reads.
    private func connections(_ replica: Replica, _ bench: Bench) async throws -> Int {
        try await bench.send("CLIENT", "LIST").string?.split(separator: "\n").count { $0.contains("name=reader-\(replica.name) ") } ?? 0
    }

    /// Other names, with which a replica serves none of the first partitions: two for each come before its own.
    private func strangers(to replica: Replica, _ partitions: Int = 1) -> [String] {
        let rendezvous = Rendezvous(group: "router", partitions: 256)
        return (0..<partitions).flatMap { partition in
            (0...).lazy.map { "stranger-\(partition)-\($0)" }
                .filter { rendezvous.servers(of: partition, among: [$0, replica.name]).first == $0 }.prefix(2)
        }
    }

    // MARK: Who comes and goes

    @Test func `two of four processes read each partition, and when one stops the others take its part over`() async throws {
        try await withBench(PipelineSettings(partitions: 16)) { bench in
            let replicas = try (0..<4).map { try Replica(bench, "r\($0)", FakeHandler(bench.route)) }
            try await withReplicas(replicas) {
                try await eventually { readers(replicas, 16).allSatisfy { $0 == 2 } }
                #expect(replicas.allSatisfy { !$0.worker.served.isEmpty })
                try await eventually { try await connections(replicas[0], bench) == replicas[0].worker.served.count }
                let start = MonotonicInstant.now
                await replicas[0].stop()
                try await eventually { readers(Array(replicas.dropFirst()), 16).allSatisfy { $0 == 2 } }
                #expect(start.elapsed < .seconds(3), "one look of the others")
            }
        }
    }

    @Test func `while processes come and go one by one each partition always has a reader`() async throws {
        try await withBench(PipelineSettings(partitions: 16)) { bench in
            let replicas = try (0..<4).map { try Replica(bench, "r\($0)", FakeHandler(bench.route)) }
            let unread = Heard()
            await replicas[0].start()
            try await eventually { readers(replicas, 16).allSatisfy { $0 == 1 } }
            let watch = Loop.spawn {
                while !Task.isCancelled {
                    if readers(replicas, 16).contains(0) { unread.note("\(readers(replicas, 16))") }
                    try? await sleep(for: .milliseconds(2))
                }
            }
            for replica in replicas.dropFirst() {
                await replica.start()
                try await eventually { readers(replicas, 16).allSatisfy { $0 == 2 } }
            }
            for replica in replicas.dropFirst() {
                await replica.stop()
                try await eventually { readers(replicas, 16).allSatisfy { $0 == 2 } || replica === replicas[3] }
            }
            watch.cancel()
            await watch.value
            #expect(unread.texts.isEmpty)
            await replicas[0].stop()
        }
    }

    @Test func `of two processes that fall silent at once the others take the part over within five seconds`() async throws {
        try await withBench(PipelineSettings(partitions: 16)) { bench in
            let replicas = try (0..<4).map { try Replica(bench, "r\($0)", FakeHandler(bench.route)) }
            try await withReplicas(replicas) {
                try await eventually { readers(replicas, 16).allSatisfy { $0 == 2 } }
                let (dead, living) = (replicas.prefix(2), Array(replicas.suffix(2)))
                for replica in dead { replica.fallSilent() }
                let start = MonotonicInstant.now
                try await eventually { readers(living, 16).allSatisfy { $0 == 2 } }
                // Heartbeats are a second apart, so a machine that stands still for another makes a silence of two. After that nobody is given up
                // until all have had time for a heartbeat.
                let lost = MachineWatch.lost(since: start)
                let kept = lost > .milliseconds(900) ? Duration.milliseconds(Int64(Roster.freshness)) : .zero
                #expect(start.elapsed < .seconds(5) + lost + kept)
            }
        }
    }

    @Test func `a process that stops is replaced while it still finishes what it has in hand`() async throws {
        try await withBench(PipelineSettings(partitions: 16)) { bench in
            let gate = Promise<Void>()
            let slow = FakeHandler { entry in
                _ = try? await gate.value
                await bench.route(entry)
            }
            let replicas = try (0..<4).map { try Replica(bench, "r\($0)", $0 == 0 ? slow : FakeHandler(bench.route)) }
            try await withReplicas(replicas) {
                try await eventually { readers(replicas, 16).allSatisfy { $0 == 2 } }
                let partition = try #require(replicas[0].worker.served.first)
                try await eventually {
                    _ = try await place(in: partition, bench)
                    return !slow.entries.isEmpty
                }
                let stopping = Loop.spawn { await replicas[0].stop() }
                try await eventually { readers(Array(replicas.dropFirst()), 16).allSatisfy { $0 == 2 } }
                #expect(replicas[0].worker.inHand > 0)
                gate.succeed(())
                await stopping.value
            }
        }
    }

    // MARK: Giving up

    @Test func `a lane that is given up finishes what it has and closes its connection`() async throws {
        try await withBench { bench in
            let gate = Promise<Void>()
            let handler = FakeHandler { entry in
                _ = try? await gate.value
                await bench.route(entry)
            }
            let replica = try Replica(bench, "r-\(Samples.id())", handler, visibilityTimeout: .seconds(2), isHeard: false)
            let running = Loop.spawn { await replica.worker.run() }
            let first = try await place(in: 0, bench)
            try await eventually { handler.entries.count == 1 }
            replica.roster.learn(strangers(to: replica))
            #expect(replica.roster.rank(of: 0) == nil)
            try await eventually { replica.worker.served.isEmpty }
            // The read that was under way has ended by then, and the visibility time-out is over.
            try await sleep(for: .milliseconds(2200))
            let second = try await place(in: 0, bench)
            #expect(try await bench.claim(as: "thief", idle: 2000, max: 10).isEmpty, "what is in hand is renewed")
            #expect(try await connections(replica, bench) == 1 && replica.worker.inHand == 1)
            gate.succeed(())
            try await eventually { try await isRouted(first, bench) }
            try await eventually { try await connections(replica, bench) == 0 }
            #expect(try await !isRouted(second, bench))
            // And the partition comes back.
            replica.roster.learn([])
            try await eventually { try await isRouted(second, bench) }
            await replica.worker.stop(within: .seconds(5))
            await running.value
        }
    }

    @Test func `a lane that is wanted again while it finishes goes on`() async throws {
        try await withBench { bench in
            let gate = Promise<Void>()
            let handler = FakeHandler { [seen = Heard()] entry in
                seen.note(entry.entry)
                if seen.texts.count == 1 { _ = try? await gate.value }
                await bench.route(entry)
            }
            let replica = try Replica(bench, "r-\(Samples.id())", handler, isHeard: false)
            let running = Loop.spawn { await replica.worker.run() }
            _ = try await place(in: 0, bench)
            try await eventually { handler.entries.count == 1 }
            replica.roster.learn(strangers(to: replica))
            try await eventually { replica.worker.served.isEmpty }
            replica.roster.learn([])
            let second = try await place(in: 0, bench)
            try await eventually { try await isRouted(second, bench) }
            #expect(replica.worker.inHand == 1 && replica.worker.served == [0])
            #expect(try await connections(replica, bench) == 1)
            gate.succeed(())
            try await eventually { try await bench.routed() == 2 }
            await replica.worker.stop(within: .seconds(5))
            await running.value
        }
    }

    // MARK: Help

    @Test func `who sees a partition wait though others should serve it joins in, until nothing waits`() async throws {
        try await withBench(PipelineSettings(partitions: 4)) { bench in
            let replica = try Replica(bench, "r-\(Samples.id())", FakeHandler(bench.route), patience: .seconds(1), isHeard: false)
            replica.roster.learn(strangers(to: replica, 4))
            let running = Loop.spawn { await replica.worker.run() }
            _ = try await bench.abandon(in: bench.pipeline.partitions[1], deliveries: 1)
            _ = try await place(in: 2, bench)
            try await eventually { !replica.worker.served.isEmpty }
            #expect(replica.worker.served.isSubset(of: [1, 2]))
            try await eventually { try await routed(bench) == 2 }
            try await eventually { replica.worker.served.isEmpty }
            await replica.worker.stop(within: .seconds(5))
            await running.value
        }
    }

    @Test func `a process whose places are all taken joins in nowhere`() async throws {
        try await withBench(PipelineSettings(partitions: 4)) { bench in
            let gate = Promise<Void>()
            let handler = FakeHandler { _ in _ = try? await gate.value }
            let replica = try Replica(
                bench, "r-\(Samples.id())", handler, concurrency: 1, patience: .milliseconds(100), isHeard: false)
            let running = Loop.spawn { await replica.worker.run() }
            _ = try await place(in: 0, bench)
            try await eventually { replica.worker.working == 1 }
            replica.roster.learn(strangers(to: replica, 4))
            try await eventually { replica.worker.served.isEmpty }
            try await sleep(for: .milliseconds(1100))
            _ = try await place(in: 2, bench)
            // Longer than the longest time between two looks.
            try await sleep(for: .milliseconds(4100))
            #expect(replica.worker.served.isEmpty)
            gate.succeed(())
            await replica.worker.stop(within: .zero)
            await running.value
        }
    }

    // MARK: Budget

    @Test func `with many partitions no more orders are worked on at once than allowed, and all partitions get on`() async throws {
        try await withBench(PipelineSettings(partitions: 16)) { bench in
            for partition in 0..<16 { for _ in 0..<4 { _ = try await place(in: partition, bench) } }
            let handler = FakeHandler { entry in
                try? await sleep(for: .milliseconds(10))
                await bench.route(entry)
            }
            try await withWorker(bench, .of(.router, "w", concurrency: 4), handler) { worker, _ in
                try await eventually { try await routed(bench) == 64 }
                #expect(handler.maxRunning == 4 && handler.entries.count == 64)
                try await eventually { worker.inHand == 0 && worker.working == 0 }
            }
        }
    }

    @Test func `one partition alone may use all places of a process with many lanes`() async throws {
        try await withBench(PipelineSettings(partitions: 16)) { bench in
            let gate = Promise<Void>()
            let handler = FakeHandler { entry in
                _ = try? await gate.value
                await bench.route(entry)
            }
            try await withWorker(bench, .of(.router, "w", concurrency: 8, visibilityTimeout: .seconds(20)), handler) { worker, _ in
                for _ in 0..<30 { _ = try await place(in: 3, bench) }
                try await eventually { worker.working == 8 }
                // The others still hear of an entry of their own, and it is the next one.
                let other = try await place(in: 5, bench)
                try await eventually { worker.inHand == 9 }
                #expect(handler.maxRunning == 8)
                gate.succeed(())
                try await eventually { try await isRouted(other, bench) }
                try await eventually { try await routed(bench) == 31 }
                #expect(handler.maxRunning == 8)
            }
        }
    }
}
