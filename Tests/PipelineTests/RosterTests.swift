import EventLoop
import Orders
import Redis
import TestSupport
import Testing

@testable import Pipeline

/// Tests how processes hear of each other, and who looks after which partition.
@Suite(.onLoop) @ServiceActor
struct RosterTests {
    private func heart(_ bench: Bench, _ name: String, _ group: String = "router") -> (Heartbeat, Roster) {
        let (heartbeat, roster) = (
            Heartbeat(redis: bench.redis, service: group, name: name) { [:] }, Roster(group: group, name: name, partitions: 256)
        )
        heartbeat.roster = roster
        return (heartbeat, roster)
    }

    /// Partitions that a process serves.
    private func served(_ roster: Roster) -> Int { (0..<64).count { roster.rank(of: $0) != nil } }

    @Test func `a process that knows of no other serves every partition, and is the first of each`() {
        let roster = Roster(group: "router", name: "a", partitions: 256)
        #expect((0..<64).allSatisfy { roster.rank(of: $0) == 0 })
        roster.learn(["b"])
        #expect(served(roster) == 64 && (0..<64).contains { roster.rank(of: $0) == 1 })
        roster.learn(["b", "c", "d"])
        #expect((1..<64).contains(served(roster)))
    }

    @Test func `others count on a process only while it reads, and hear of it at once`() async throws {
        try await withBench { bench in
            let (first, one) = heart(bench, "a")
            let (second, other) = heart(bench, "b")
            let (_, stranger) = heart(bench, "c", "executor")
            stranger.isServing = true
            one.isServing = true
            await second.beat()
            try await eventually { try await bench.send("ZCARD", Keys.serving("router")).integer == 1 }
            await first.beat()
            #expect((0..<64).allSatisfy { one.rank(of: $0) == 0 }, "the other one does not read yet")
            other.isServing = true
            try await eventually { try await bench.send("ZCARD", Keys.serving("router")).integer == 2 }
            await first.beat()
            #expect((0..<64).contains { one.rank(of: $0) == 1 })
            other.isServing = false
            try await eventually { try await bench.send("ZCARD", Keys.serving("router")).integer == 1 }
            await first.beat()
            #expect((0..<64).allSatisfy { one.rank(of: $0) == 0 })
            await first.end()
            #expect(try await bench.send("ZCARD", Keys.serving("router")).integer == 0)
        }
    }

    @Test func `a process that has been silent for three and a half seconds serves no more`() async throws {
        try await withBench { bench in
            let now = try await bench.now()
            try await bench.send("ZADD", Keys.serving("router"), String(now - 4000), "late", String(now - 1000), "alive", String(now - 70_000), "old")
            let (heartbeat, roster) = heart(bench, "a")
            await heartbeat.beat()
            #expect((0..<64).allSatisfy { roster.rank(of: $0) != nil }, "there are two")
            #expect((0..<64).contains { roster.rank(of: $0) == 1 }, "the other one is known")
            #expect(try await bench.send("ZCARD", Keys.serving("router")).integer == 2, "the old one is forgotten")
            #expect(try await 1...60_000 ~= bench.send("PTTL", Keys.serving("router")).integer ?? 0, "of an engine that has ended nothing is left")
        }
    }

    @Test func `after a silence no other is given up before all could be heard`() async throws {
        let roster = Roster(group: "router", name: "a", partitions: 256)
        roster.learn(["b", "c", "d"])
        let before = served(roster)
        try await sleep(for: .milliseconds(2100))
        roster.learn([])
        #expect(served(roster) == before)
        roster.learn(["e"])
        #expect(served(roster) <= before, "who is new counts at once")
        try await sleep(for: .milliseconds(1800))
        roster.learn(["b"])
        try await sleep(for: .milliseconds(1800))
        roster.learn(["b"])
        #expect(served(roster) == 64)
    }

    // MARK: Upkeep

    @Test func `due retries are handed back by those that serve the partition alone`() async throws {
        try await withBench(PipelineSettings(partitions: 16)) { bench in
            let (heartbeat, roster) = heart(bench, "a")
            await heartbeat.beat()
            roster.learn((0..<6).map { "other-\($0)" })
            var own: [Keys] = []
            for keys in bench.pipeline.partitions {
                try await bench.send("ZADD", keys.retries, "1", "accepted:nobody:1")
                if roster.rank(of: keys.partition) != nil { own.append(keys) }
            }
            #expect(1..<16 ~= own.count && own.contains { roster.rank(of: $0.partition) == 1 })
            let upkeep = PipelineUpkeep(
                pipeline: bench.pipeline, roster: roster, clock: heartbeat.clock, promotes: true, observer: RecordingObserver())
            try await alongside({ await upkeep.run() }) {
                for keys in own { try await eventually { try await bench.send("ZCARD", keys.retries).integer == 0 } }
            }
            var left = 0
            for keys in bench.pipeline.partitions { left += try await bench.send("ZCARD", keys.retries).count }
            #expect(left == 16 - own.count)
        }
    }

    @Test func `the second process of a partition looks ten times as rarely as the first`() async throws {
        // A server of its own, because its commands are counted.
        try await withRedis { server in
            try await withBench(on: server) { bench in
                let (heartbeat, roster) = heart(bench, "a")
                await heartbeat.beat()
                let rendezvous = Rendezvous(group: "router", partitions: 256)
                let other = try #require((0..<50).map { "other-\($0)" }.first { rendezvous.servers(of: 0, among: ["a", $0]).first == $0 })
                roster.learn([other])
                #expect(roster.rank(of: 0) == 1)
                let upkeep = PipelineUpkeep(
                    pipeline: bench.pipeline, roster: roster, clock: heartbeat.clock, promotes: true, observer: RecordingObserver())
                try await alongside({ await upkeep.run() }) { try await sleep(for: .seconds(3)) }
                let looks = try await bench.counter("cmdstat_zcount:calls=", in: "commandstats")
                #expect(1...6 ~= looks, "\(looks) in three seconds")
            }
        }
    }
}
