import Configuration
import EventLoop
import Redis
import TestSupport
import Testing

@testable import Pipeline
@testable import ServiceKit

/// Tests that a process is ready when it can work with Redis, not when Redis answers.
@Suite(.onLoop) @ServiceActor
struct RedisReadinessTests {
    /// A process whose connection is prepared like a service's, for a user of Redis with these rules.
    @ServiceActor
    private struct Candidate {
        let process: ServiceProcess
        let admin: RedisClient

        func allow(_ rules: String...) async throws { _ = try await admin.send(["ACL", "SETUSER", "engine"] + rules) }
    }

    private func withCandidate(
        _ server: RedisServer, _ rules: [String], _ body: @ServiceActor (Candidate) async throws -> Void
    ) async throws {
        let admin = RedisClient(url: try #require(RedisURL(server.url)), name: "admin")
        try await alongside({ await admin.run() }, stop: { admin.close() }) {
            try await admin.connected(within: .seconds(20))
            _ = try await admin.send(["ACL", "SETUSER", "engine", "reset", "on", ">pw"] + rules)
            let process = ServiceProcess.unconnected(try load(RouterSettings.self, redis: "redis://engine:pw@127.0.0.1:\(server.port)", [:]))
            process.redis.onConnect = { _ in
                _ = try? await process.readiness.prepare { for keys in process.pipeline.partitions { try await process.pipeline.createGroups(keys) } }
            }
            try await alongside({ await process.redis.run() }, stop: { process.redis.close() }) {
                try await body(Candidate(process: process, admin: admin))
                process.readiness.stop()
            }
        }
    }

    @Test(
        arguments: [
            (["~*", "+@all"], "&*", "PUBLISH updates:"), (["~*", "&*", "+@all", "-xtrim"], "+xtrim", "XTRIM orders:{0}:"),
            (["~orders:*", "&*", "+@all"], "~*", "chain:{0}:"), (["~*", "&*", "+@all", "-evalsha"], "+evalsha", "evalsha"),
        ])
    func `a user without a right is not ready, is told which one, and is ready when it has it`(_ rules: [String], _ missing: String, _ words: String)
        async throws
    {
        try await withRedis(appendonly: false) { server in
            try await withCandidate(server, rules) { candidate in
                try await eventually { candidate.process.redisTrouble?.contains(words) == true }
                #expect(!candidate.process.redis.isConnected && !candidate.process.isRedisAway)
                #expect(candidate.process.redisTrouble?.contains("away") == false)
                try await candidate.allow(missing)
                try await eventually { candidate.process.redisTrouble == nil && candidate.process.redis.isConnected }
                #expect(try await candidate.admin.send(["XINFO", "GROUPS", "orders:{0}:accepted"]).array?.count == 1)
            }
        }
    }

    @Test func `a right that is taken away while the connection stands ends the readiness, until it is given back`() async throws {
        try await withRedis(appendonly: false) { server in
            try await withCandidate(server, ["~*", "&*", "+@all"]) { candidate in
                try await eventually { candidate.process.redisTrouble == nil }
                try await candidate.allow("resetchannels")
                await candidate.process.readiness.look()
                #expect(candidate.process.redisTrouble?.contains("PUBLISH updates:") == true)
                try await candidate.allow("allchannels")
                await candidate.process.readiness.look()
                #expect(candidate.process.redisTrouble == nil)
            }
        }
    }

    @Test func `a replica is not ready, says so in Redis' own words, and is when it has become the master`() async throws {
        try await withRedis(appendonly: false) { server in
            try await withCandidate(server, ["~*", "&*", "+@all"]) { candidate in
                try await eventually { candidate.process.redisTrouble == nil }
                _ = try await candidate.admin.send(["REPLICAOF", "127.0.0.1", "1"])
                // The next beat is refused, and ends the connection.
                await candidate.process.heartbeat.beat()
                #expect(candidate.process.redisTrouble?.contains("READONLY") == true && !candidate.process.isRedisAway)
                try await eventually { candidate.process.redis.statistics.reconnects > 1 }
                #expect(candidate.process.redisTrouble?.contains("READONLY") == true)
                _ = try await candidate.admin.send(["REPLICAOF", "NO", "ONE"])
                try await eventually { candidate.process.redisTrouble == nil }
            }
        }
    }

    @Test func `a cluster that lacks the engine's slots is not ready, and says so`() async throws {
        try await withRedis(["--cluster-enabled", "yes"], appendonly: false) { server in
            try await withCandidate(server, ["~*", "&*", "+@all"]) { candidate in
                try await eventually { candidate.process.redisTrouble?.contains("CLUSTERDOWN") == true }
                _ = try await candidate.admin.send(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])
                try await eventually { candidate.process.redisTrouble == nil }
            }
        }
    }

    @Test func `what a server of a cluster answers for another one's keys is not called away`() async throws {
        let server = try FakeRedis()
        server.answer = { $0.first == "EVALSHA" ? "-MOVED 3999 10.0.0.7:6379\r\n" : "+OK\r\n" }
        let process = ServiceProcess.unconnected(try load(RouterSettings.self, redis: server.url, [:]))
        process.redis.onConnect = { _ in _ = try? await process.readiness.prepare {} }
        let running = Loop.spawn { await process.redis.run() }
        try await eventually { process.redisTrouble == "Redis refuses it (MOVED 3999 10.0.0.7:6379)" }
        process.readiness.stop()
        process.redis.close()
        await running.value
        server.stop()
    }

    @Test func `before Redis was reached it is away, with no word of its own`() throws {
        let process = ServiceProcess.unconnected(try load(RouterSettings.self, redis: "redis://127.0.0.1:1", [:]))
        #expect(process.redisTrouble == "Redis is away" && process.isRedisAway)
    }

    @Test func `a wrong password is not called away`() async throws {
        try await withRedis(["--requirepass", "right"], appendonly: false) { server in
            let url = "redis://:wrong@127.0.0.1:\(server.port)"
            let process = ServiceProcess.unconnected(try load(RouterSettings.self, redis: url, [:]))
            let running = Loop.spawn { await process.redis.run() }
            try await eventually { process.redisTrouble?.contains("WRONGPASS") == true }
            #expect(!process.isRedisAway && process.redisTrouble?.contains("wrong@") == false)
            process.redis.close()
            await running.value
        }
    }
}
