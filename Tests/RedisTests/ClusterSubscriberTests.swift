import Configuration
import EventLoop
import TestSupport
import Testing

@testable import Redis

/// A subscriber of a Redis Cluster of three masters and three replicas.
@Suite(.serialized, .onLoop) @ServiceActor
struct ClusterSubscriberTests {
    @ServiceActor
    final class Bench {
        /// A channel of each master.
        let channels = ["updates:{1}:c", "updates:{0}:c", "updates:{3}:c"]
        let servers: ClusterServers
        let client: RedisClient
        let subscriber: RedisSubscriber
        let record = Record()
        private(set) var returns = 0

        init(_ servers: ClusterServers, _ client: RedisClient) {
            (self.servers, self.client) = (servers, client)
            subscriber = client.subscriber(name: "listener", pingChannel: "none")
            subscriber.onReconnect = { [weak self] in self?.returns += 1 }
        }

        func listen(_ channels: [String]) async throws -> [RedisSubscription] {
            try await together(channels) { channel in try await self.subscriber.subscribe(channel) { [record = self.record] in record.note($0) } }
        }

        /// Publishes a text and returns how many clients the master has sent it to.
        func publish(_ channel: String, _ text: String) async throws -> Int64? { try await client.send(["SPUBLISH", channel, text]).integer }

        /// The masters and replicas that have connections of the subscriber, by their ports.
        func connected() async throws -> Set<UInt16> {
            var ports: Set<UInt16> = []
            for server in servers.all where !server.hasEnded {
                if try await servers.send("CLIENT", "LIST", to: server).contains("name=listener ") { ports.insert(server.port) }
            }
            return ports
        }

        /// Returns when each channel has one listener, and has told it once of a text.
        func expectAll(_ channels: [String], _ text: String) async throws {
            for channel in channels { try await eventually { (try? await self.publish(channel, "probe")) == 1 } }
            for channel in channels { #expect(try await publish(channel, text + channel) == 1) }
            try await eventually { Set(self.record.texts).isSuperset(of: channels.map { text + $0 }) }
            #expect(record.texts.filter { $0.hasPrefix(text) }.sorted() == channels.map { text + $0 }.sorted())
        }
    }

    private func withBench(_ options: RedisOptions = .impatient, _ body: @ServiceActor (Bench) async throws -> Void) async throws {
        try await ClusterServers.with { servers in
            let client = RedisClient(url: try #require(RedisURL(servers.url)), name: "test", options: options)
            let bench = Bench(servers, client)
            try await alongside({ await client.run() }, stop: { client.close() }) {
                try await client.connected(within: .seconds(20))
                try await alongside({ await bench.subscriber.run() }, stop: { bench.subscriber.close() }) {
                    try await bench.subscriber.connected(within: .seconds(20))
                    try await body(bench)
                }
            }
        }
    }

    @Test func `there is a connection to each master of a channel, and to no other`() async throws {
        try await withBench { bench in
            #expect(try await bench.connected().isEmpty)
            let first = try await bench.listen([bench.channels[0]])
            #expect(try await bench.connected() == [try await bench.servers.master(of: bench.channels[0]).port])
            let others = try await bench.listen(Array(bench.channels.dropFirst()))
            try await bench.expectAll(bench.channels, "x")
            #expect(try await bench.connected() == Set(bench.servers.masters.map(\.port)))
            for subscription in first + others.dropFirst() { subscription.cancel() }
            for index in [0, 2] { try await eventually { try await bench.publish(bench.channels[index], "x") == 0 } }
            #expect(try await bench.publish(bench.channels[1], "y") == 1)
            bench.subscriber.reconnect()
            try await eventually { try await bench.connected() == [try await bench.servers.master(of: bench.channels[1]).port] }
            #expect(bench.returns == 0 && bench.subscriber.reconnects == 0)
        }
    }

    @Test func `channels go with their slot, and it is told that messages may have been missed`() async throws {
        try await withBench { bench in
            let more = bench.channels + (0..<100).map { "updates:{0}:\($0)" }
            _ = try await bench.listen(more)
            let source = try await bench.servers.master(of: bench.channels[1])
            let target = try #require(bench.servers.masters.first { $0.port != source.port })
            try await bench.servers.beginMove(of: bench.channels[1], to: target)
            // While the keys of the slot go, its channels are where they were.
            try await bench.expectAll(more, "before")
            #expect(bench.returns == 0)
            try await bench.servers.moveSlot(of: bench.channels[1], to: target)
            try await eventually { bench.returns >= 101 }
            try await bench.expectAll(more, "after")
            try await bench.servers.moveSlot(of: bench.channels[1], to: source)
            try await eventually { bench.returns >= 202 }
            try await bench.expectAll(more, "back")
        }
    }

    @Test func `when a master has died its channels go to its replica, and those of others are not disturbed`() async throws {
        try await withBench { bench in
            _ = try await bench.listen(bench.channels)
            let lost = try await bench.servers.master(of: bench.channels[1])
            try await lost.kill()
            // A new listener waits for a master as long as for an answer.
            let error = await failure { try await bench.subscriber.subscribe("updates:{0}:new") { _ in } }
            #expect(error?.code == .unavailable)
            for index in [0, 2] { #expect(try await bench.publish(bench.channels[index], "x") == 1) }
            try await bench.expectAll(bench.channels, "after")
            #expect(bench.returns >= 1)
            _ = try await bench.listen(["updates:{0}:new"])
            // The one of before comes back as a replica.
            try await lost.restart()
            try await bench.expectAll(bench.channels + ["updates:{0}:new"], "later")
        }
    }

    @Test func `channels follow a planned failover, and a master that was silent and comes back`() async throws {
        try await withBench { bench in
            _ = try await bench.listen(bench.channels)
            let master = try await bench.servers.master(of: bench.channels[1])
            let replica = bench.servers.replicas[try #require(bench.servers.masters.firstIndex { $0.port == master.port })]
            try await bench.servers.failOver(to: replica)
            try await eventually { bench.returns >= 1 }
            try await bench.expectAll(bench.channels, "planned")
            let before = bench.returns
            replica.freeze()
            try await eventually { bench.returns > before }
            replica.thaw()
            try await bench.expectAll(bench.channels, "thawed")
        }
    }

    @Test func `listeners that come and go while slots move leave each channel with the right ones`() async throws {
        try await withBench { bench in
            let channels = (0..<40).map { "updates:{\($0 % 2)}:\($0)" }
            _ = try await bench.listen(channels)
            let churn = Loop.spawn {
                while !Task.isCancelled {
                    for channel in channels {
                        guard let passing = try? await bench.subscriber.subscribe(channel + "-passing", { _ in }) else { continue }
                        if Bool.random() { try? await sleep(for: .milliseconds(1)) }
                        passing.cancel()
                    }
                }
            }
            for round in 0..<12 {
                try await bench.servers.moveSlot(of: channels[round % 2], to: bench.servers.masters[round % 3])
                try await sleep(for: .milliseconds(Int64.random(in: 0...150)))
            }
            churn.cancel()
            await churn.value
            try await bench.expectAll(channels, "end")
            for channel in channels { try await eventually { try await bench.publish(channel + "-passing", "x") == 0 } }
        }
    }

    @Test func `a channel that the user has no right to is refused in Redis' own words, and the others are heard`() async throws {
        try await withBench { bench in
            var words: [String] = []
            bench.subscriber.onFailure = { words.append($0.message) }
            let rule = ["ACL", "SETUSER", "default", "resetchannels", "&updates:*"]
            for server in bench.servers.masters { try await bench.servers.send(rule, to: server) }
            let error = await failure { try await bench.subscriber.subscribe("other:{0}:c") { _ in } }
            #expect(error?.code == .unavailable && words.contains { $0.hasPrefix("NOPERM") }, "\(String(describing: error))")
            _ = try await bench.listen(bench.channels)
            try await bench.expectAll(bench.channels, "x")
            #expect(bench.subscriber.reconnects == 0)
        }
    }
}
