import Configuration
import EventLoop
import TestSupport
import Testing

@testable import Redis

/// A client that knows Sentinels and not the master.
@Suite(.onLoop) @ServiceActor
struct SentinelTests {
    private func port(_ client: RedisClient) async throws -> UInt16? {
        (try await client.send(["CONFIG", "GET", "port"]).array?.last?.string).flatMap { UInt16($0) }
    }

    /// Runs `body` with a client and a subscriber of the master.
    private func withMaster(_ body: @ServiceActor (SentinelServers, RedisClient, RedisSubscriber) async throws -> Void) async throws {
        try await SentinelServers.with { servers in
            let url = try #require(RedisURL(servers.url))
            var options = RedisOptions.quick
            options.connectTimeout = .seconds(4)
            let client = RedisClient(url: url, name: "test", options: options)
            let subscriber = RedisSubscriber(url: url, name: "test", options: options)
            try await alongside({ await client.run() }, stop: { client.close() }) {
                try await alongside({ await subscriber.run() }, stop: { subscriber.close() }) {
                    try await client.connected(within: .seconds(20))
                    try await subscriber.connected(within: .seconds(20))
                    #expect(try await port(client) == servers.master.port)
                    try await body(servers, client, subscriber)
                }
            }
        }
    }

    @Test func `after the master has died, its replica is found`() async throws {
        try await withMaster { servers, client, subscriber in
            _ = try await client.send(["SET", "k", "v"])
            #expect(try await client.send(["WAIT", "1", "5000"], timeout: .seconds(10)) == .integer(1))
            let record = Record()
            _ = try await subscriber.subscribe("c") { record.note($0) }
            try await servers.master.kill()
            try await eventually(within: SentinelServers.patience) { (try? await client.send(["SET", "k2", "v"])) != nil }
            #expect(try await port(client) == servers.replica.port)
            #expect(try await client.send(["GET", "k"]) == .string("v"))
            try await eventually {
                _ = try? await client.send(["PUBLISH", "c", "x"])
                return record.texts.contains("x")
            }
        }
    }

    @Test func `a planned switch is noticed though the old master lives`() async throws {
        try await withMaster { servers, client, _ in
            var failures: [RedisError] = []
            client.onFailure = { failures.append($0) }
            let sentinel = RedisReader(url: try #require(RedisURL("redis://127.0.0.1:\(servers.ports[0])")), name: "test")
            #expect(try await sentinel.send(["SENTINEL", "FAILOVER", SentinelServers.name], timeout: .seconds(5)) == .string("OK"))
            sentinel.close()
            try await eventually(within: SentinelServers.patience) { (try? await port(client)) == servers.replica.port }
            #expect(!failures.isEmpty && client.statistics.reconnects > 0)
        }
    }

    @Test func `two of three Sentinels are enough, and a name that none knows is said`() async throws {
        try await SentinelServers.with { servers in
            try await servers.stopSentinel(0)
            let reader = RedisReader(url: try #require(RedisURL(servers.url)), name: "test", options: .quick)
            #expect(try await reader.send(["PING"], timeout: .seconds(5)) == .string("PONG"))
            reader.close()
            let stranger = RedisReader(
                url: try #require(RedisURL(servers.url.replacing("/\(SentinelServers.name)", with: "/other"))), name: "test", options: .quick)
            let error = await failure { try await stranger.send(["PING"], timeout: .seconds(5)) }
            #expect(error?.code == .unavailable && error?.message.contains("no Sentinel knows a master called other") == true)
            #expect(error?.message.contains("127.0.0.1:\(servers.ports[2]): knows no such name") == true)
            stranger.close()
        }
    }

    @Test func `a server that is no master is refused, though a Sentinel names it`() async throws {
        try await withRedis { master in
            try await withRedis(["--replicaof", "127.0.0.1", String(master.port)]) { replica in
                let sentinel = try FakeRedis()
                sentinel.answer = { command in
                    let port = String(replica.port)
                    return command.first == "SENTINEL" ? "*2\r\n$9\r\n127.0.0.1\r\n$\(port.utf8.count)\r\n\(port)\r\n" : "+PONG\r\n"
                }
                let reader = RedisReader(
                    url: try #require(RedisURL("redis+sentinel://127.0.0.1:\(sentinel.port)/main")), name: "test", options: .quick)
                let error = await failure { try await reader.send(["PING"], timeout: .seconds(5)) }
                #expect(error?.code == .unavailable && error?.message.contains("is a slave, not the master") == true)
                reader.close()
                sentinel.stop()
            }
        }
    }
}
