import EventLoop
import JSON
import Redis
import TestSupport
import Testing

/// Tests an engine on a Redis Cluster of three masters, each with a replica.
@Suite("Cluster", .serialized, .onLoop) @ServiceActor
struct ClusterTests {
    private static let settings = ["PARTITIONS": "8"]

    private var engine: Engine { .current }
    private var cluster: ClusterServers { get throws { try #require(engine.stack.servers.cluster) } }

    /// Lets clients place orders while `body` runs. Then each that was answered must have come to its end once, and so must the orders of before.
    private func underLoad(after before: [String], _ body: @ServiceActor () async throws -> Void) async throws {
        let load = engine.load(every: .milliseconds(30))
        try await eventually { load.count >= 50 }
        try await body()
        let count = load.count
        try await eventually { load.count >= count + 50 }
        let ids = try await load.stop()
        #expect(Set(ids).count == ids.count)
        try await engine.audit(before + ids)
    }

    /// Places orders that lie on all masters, and waits for their ends.
    @discardableResult
    private func expectWork(_ name: String) async throws -> [String] {
        let engine = engine
        let ids = try await together(24) { try await engine.insist(key: "\(name)-\($0)") }
        try await engine.waitForEnd(ids, within: .seconds(20))
        return ids
    }

    @Test(.engine(replicas: [.router: 2, .executor: 2], settings: settings, redisLayout: .cluster))
    func `Orders of all partitions come to their end while masters change places and slots move`() async throws {
        let cluster = try cluster
        let before = try await expectWork("before")
        try await underLoad(after: before) {
            try await cluster.failOver(to: cluster.replicas[0])
            try await cluster.moveSlot(of: "orders:{0}:accepted", to: cluster.masters[1])
            try await cluster.moveSlot(of: "orders:{services}", to: cluster.masters[1])
        }
        try await expectWork("after")
    }

    @Test(.engine(settings: settings.merging(["REDIS_REPLICAS": "1"]) { $1 }, redisLayout: .cluster))
    func `With replicas that must know, no answered order is lost when a master dies under load`() async throws {
        let cluster = try cluster
        try await underLoad(after: try await expectWork("before")) {
            try await engine.stack.redis.kill()
            try await eventually(within: .seconds(30)) { (try? await cluster.master(of: "orders:{0}:accepted").port) == cluster.replicas[2].port }
            // The new master needs a replica before it can promise anything.
            try await engine.stack.redis.restart()
        }
    }

    @Test(.engine(settings: settings, redisLayout: .cluster))
    func `When a master dies, its orders come to their end at its replica, and orders without a key go to the other masters meanwhile`() async throws
    {
        try await expectWork("before")
        try await engine.stack.redis.kill()
        var taken: [String] = []
        for _ in 0..<40 {
            let answer = try await engine.post(Engine.usualOrder)
            if answer.status == 202 { taken.append(answer.json["orderId"]?.string ?? "") } else { #expect(answer.status == 503, "\(answer.text)") }
        }
        // One may have been on its way to the master that died.
        #expect(taken.count >= 38)
        try await engine.waitForEnd(taken, within: .seconds(20))
        try await expectWork("after")
    }

    /// Places orders of a user in all partitions, some of which sockets follow by their id.
    private func placeAll(_ count: Int, _ followers: [NativeClient]) async throws -> [String] {
        let engine = engine
        let ids = try await together(count) { _ in try await engine.insist(key: "k-\(UInt64.random(in: .min ... .max))", Engine.order(of: "u")) }
        for follower in followers { for id in ids { try await follower.subscribe(id) } }
        return ids
    }

    @Test(.engine(settings: settings.merging(["WS_FRAMES_PER_S": "500"]) { $1 }, redisLayout: .cluster))
    func `Sockets hear every event of a user and of orders on all masters, once, while slots move and masters change places or die`() async throws {
        let cluster = try cluster
        let (user, orders) = (try await engine.native(), try await engine.native())
        try await user.subscribe(user: "u")
        var ids = try await placeAll(24, [orders])
        for round in 0..<3 {
            switch round {
            case 0: for partition in 0..<8 { try await cluster.moveSlot(of: "orders:{\(partition)}:accepted", to: cluster.masters[partition % 3]) }
            case 1: try await cluster.failOver(to: cluster.replicas[1])
            default: try await cluster.masters[2].kill()
            }
            ids += try await placeAll(24, [orders])
        }
        for client in [user, orders] { try await client.read { $0.ended.isSuperset(of: ids) } }
        for id in ids {
            let seqs = try await engine.events(id).indices.map { Int64($0 + 1) }
            for client in [user, orders] { #expect(client.seqs[id] == seqs, "\(id)") }
        }
        for server in cluster.all where !server.hasEnded {
            #expect(try await !cluster.send("INFO", "commandstats", to: server).contains("cmdstat_publish:"))
        }
    }
}
