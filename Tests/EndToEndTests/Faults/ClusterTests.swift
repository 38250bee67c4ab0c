import EventLoop
import Redis
import TestSupport
import Testing

/// Tests an engine on a Redis Cluster of three masters, each with a replica.
@Suite("Cluster", .onLoop, .timeLimit(.minutes(4))) @ServiceActor
struct ClusterTests {
    private static let settings = ["PARTITIONS": "8"]

    private var engine: Engine { .current }
    private var cluster: ClusterServers { get throws { try #require(engine.stack.servers.cluster) } }

    /// Places an order after the other, each until it is accepted, while `body` runs. Then each must have come to its end once, and so must the
    /// orders of before.
    private func underLoad(after before: [String], _ body: @ServiceActor () async throws -> Void) async throws {
        let engine = engine
        let over = Promise<Void>()
        let work = Loop.spawn {
            var ids: [String] = []
            while !over.isCompleted {
                let number = ids.count
                ids += try await together(4) { try await engine.insist(key: "load-\(number)-\($0)") }
            }
            return ids
        }
        defer { over.succeed(()) }
        try await body()
        over.succeed(())
        let ids = try await work.value
        #expect(ids.count >= 8 && Set(ids).count == ids.count)
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
            #expect(try await cluster.send("CLUSTER", "FAILOVER", to: cluster.replicas[0]) == "OK")
            try await cluster.moveSlot(of: "orders:{0}:accepted", to: cluster.masters[1])
            try await cluster.moveSlot(of: "orders:{services}", to: cluster.masters[1])
        }
        try await expectWork("after")
    }

    @Test(.engine(settings: settings, redisLayout: .cluster))
    func `When a master dies, its orders come to their end at its replica, and those of other masters do not wait for it`() async throws {
        try await expectWork("before")
        try await engine.stack.redis.kill()
        try await expectWork("after")
    }
}
