import EventLoop
import Orders
import Redis
import TestOrders
import TestSupport
import Testing

@testable import Pipeline

/// Tests on a real Redis Cluster how scripts tell of events.
@Suite(.serialized, .onLoop) @ServiceActor
struct ClusterChannelTests {
    private static let partitions = 4

    /// Runs a test on a cluster with a pipeline, and with all that is told of the orders of a user.
    private func withCluster(_ body: @ServiceActor (ClusterServers, Bench, Heard) async throws -> Void) async throws {
        try await ClusterServers.with { servers in
            for server in servers.all { try await servers.send(["ACL", "SETUSER", "engine", "on", "nopass"] + RightsTests.documented, to: server) }
            let url = servers.url.replacing("://", with: "://engine@")
            let bench = try Bench(url: url, settings: PipelineSettings(partitions: Self.partitions))
            let subscriber = bench.redis.subscriber(name: "listener", pingChannel: Keys.silence)
            try await alongside({ await bench.redis.run() }, stop: { bench.redis.close() }) {
                try await bench.redis.connected(within: .seconds(20))
                for keys in bench.pipeline.partitions { try await bench.pipeline.createGroups(keys) }
                try await alongside({ await subscriber.run() }, stop: { subscriber.close() }) {
                    try await subscriber.connected(within: .seconds(20))
                    let heard = Heard()
                    for channel in bench.pipeline.channels(of: "u") { _ = try await subscriber.subscribe(channel) { heard.note($0) } }
                    try await body(servers, bench, heard)
                }
            }
        }
    }

    private func commands(_ servers: ClusterServers) async throws -> [String] {
        var lines: [String] = []
        for server in servers.all { lines.append(try await servers.send("INFO", "commandstats", to: server)) }
        return lines
    }

    @Test func `every event is told once on the channels of its partition, by usual steps and by careful ones, and never by PUBLISH`() async throws {
        try await withCluster { servers, bench, heard in
            let (order, entry) = try await bench.reach(.submitted, Samples.order(Samples.id(partition: 0), user: "u"))
            try await bench.written(.confirm(Samples.fill), entry)
            let (failed, second) = try await bench.reach(.routing, Samples.order(Samples.id(partition: 0), user: "u"))
            try await bench.written(Samples.failure(.venueUnavailable, stage: .router), second)
            var events = try await bench.events(order).count + bench.events(failed).count
            for partition in 0..<Self.partitions {
                let other = try await bench.place(Samples.order(Samples.id(partition: UInt8(partition)), user: "u"))
                _ = try await bench.pipeline.cancel(other.id)
                events += 2
            }
            try await eventually { heard.texts.count >= events }
            #expect(events == 19 && heard.texts.count == events && Set(heard.texts).count == events)
            #expect(try await bench.pipeline.missingRights().isEmpty)
            let used = try await commands(servers)
            #expect(used.allSatisfy { !$0.contains("cmdstat_publish:") })
            #expect(used.filter { $0.contains("cmdstat_spublish:") }.count >= 2)
        }
    }

    @Test func `without the right to the channels nothing is left out but the messages, and the rights are named`() async throws {
        try await withCluster { servers, bench, _ in
            for server in servers.all { try await servers.send("ACL", "SETUSER", "engine", "resetchannels", to: server) }
            var omissions: [ScriptOmission] = []
            bench.pipeline.onOmission = { omissions.append($0) }
            let order = Samples.order(Samples.id(partition: 1), user: "u")
            try await eventually { (try? await bench.accept(order)) != nil }
            #expect(try await bench.pipeline.cancel(order.id) == .cancelled)
            #expect(omissions.map(\.kind) == [.unpublished, .unpublished] && omissions.map(\.count) == [2, 2], "\(omissions)")
            let missing = try await bench.pipeline.missingRights()
            #expect(missing.contains("SPUBLISH updates:{0}:user:nobody") && missing.contains("SSUBSCRIBE updates:{3}:user:nobody"), "\(missing)")
        }
    }

    @Test func `an event is told by the master that has its slot at the moment, also while its keys are on their way`() async throws {
        try await withCluster { servers, bench, heard in
            let source = try await servers.master(of: bench.keys.accepted)
            let target = try #require(servers.masters.first { $0.port != source.port })
            try await servers.beginMove(of: bench.keys.accepted, to: target)
            var omissions = 0
            bench.pipeline.onOmission = { _ in omissions += 1 }
            let id = Samples.id(partition: 0)
            let slow = Loop.spawn { try await bench.place(Samples.order(id, user: "u")) }
            try await sleep(for: .milliseconds(300))
            try await servers.moveSlot(of: bench.keys.accepted, to: target)
            _ = try await slow.value
            // It may have been told while nobody listened to the new master yet. What comes later is heard.
            try await eventually { try await bench.pipeline.redis.send(["SPUBLISH", bench.keys.shardedUpdates(user: "u"), "probe"]) == .integer(1) }
            _ = try await bench.pipeline.cancel(id)
            try await eventually { heard.texts.contains { $0.contains("cancelled") && $0.contains(id.description) } }
            #expect(omissions == 0)
        }
    }
}
